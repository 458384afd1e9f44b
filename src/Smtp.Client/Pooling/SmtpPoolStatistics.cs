namespace Smtp.Client;

/// <summary>How a client's pool stands at a moment.</summary>
/// <param name="Connections">The places taken: by connections that are idle, in use, being opened or being closed. At most <see cref="SmtpClientOptions.MaximumConnections"/>.</param>
/// <param name="Idle">Connections that wait to be used.</param>
/// <param name="InUse">Connections over which something is being sent.</param>
/// <param name="Opening">Connections that are being made for those who wait.</param>
/// <param name="Waiting">Sends that wait for a connection.</param>
public readonly record struct SmtpPoolStatistics(int Connections, int Idle, int InUse, int Opening, int Waiting);
