using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Smtp.Core;

/// <summary>SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the client's side (RFC 5802, RFC 7677).</summary>
/// <remarks>
/// The password does not cross the network, and the server must show that it knows it too: <see cref="IsComplete"/> is false until the
/// server's signature was verified, so that a 235 without one is not believed.
/// </remarks>
public sealed class ScramSha256SaslClient : SaslClientMechanism
{
    /// <summary>The most iterations that are computed for a server: about a second of work. More only keeps the client busy.</summary>
    public const int MaximumIterations = 2_000_000;

    private readonly string _userName;
    private readonly string _password;
    private readonly SaslChannelBinding? _binding;
    private readonly string _gs2Header;
    private readonly string? _fixedNonce;

    private State _state;
    private string _clientNonce = string.Empty;
    private string _clientFirstBare = string.Empty;
    private byte[] _serverSignature = [];

    /// <summary>Takes the credentials.</summary>
    /// <param name="userName">Who authenticates, not empty.</param>
    /// <param name="password">Their password, not empty.</param>
    /// <param name="authorizationIdentity">Whom to act for; empty for the same.</param>
    /// <param name="binding">Ties the exchange to the TLS connection: the -PLUS form. <see langword="null"/> for the form without.</param>
    /// <param name="couldBind">
    /// For the form without binding: whether the client could have used -PLUS, had the server offered it. A server that did offer it then
    /// knows that somebody took it out of its EHLO reply (RFC 5802 §6).
    /// </param>
    /// <exception cref="ArgumentException">A value is empty, or holds what RFC 4013 prohibits.</exception>
    public ScramSha256SaslClient(
        string userName, string password, string authorizationIdentity = "", SaslChannelBinding? binding = null, bool couldBind = false)
        : this(userName, password, authorizationIdentity, binding, couldBind, null)
    {
    }

    internal ScramSha256SaslClient(
        string userName, string password, string authorizationIdentity, SaslChannelBinding? binding, bool couldBind, string? nonce)
    {
        SaslText.Demand(userName, nameof(userName), allowEmpty: false);
        SaslText.Demand(password, nameof(password), allowEmpty: false);
        SaslText.Demand(authorizationIdentity, nameof(authorizationIdentity), allowEmpty: true);
        _userName = SaslPrep.Prepare(userName);

        // Prepared again where it is salted; here, so that a password that cannot be used is told before a connection is made.
        _ = SaslPrep.Prepare(password);
        _password = password;
        _binding = binding;
        _fixedNonce = nonce;

        // gs2-header = gs2-cbind-flag "," [ "a=" saslname ] ","
        string flag = binding is not null ? "p=" + binding.Name : couldBind ? "y" : "n";
        _gs2Header = $"{flag},{(authorizationIdentity.Length == 0 ? string.Empty : "a=" + Scram.EscapeName(authorizationIdentity))},";
    }

    private enum State : byte
    {
        /// <summary>client-first-message is to be sent.</summary>
        ClientFirst,

        /// <summary>server-first-message is awaited.</summary>
        ServerFirst,

        /// <summary>server-final-message is awaited.</summary>
        ServerFinal,

        /// <summary>The server is verified.</summary>
        Verified,

        /// <summary>The exchange failed.</summary>
        Failed,
    }

    /// <inheritdoc/>
    public override string Name => _binding is null ? "SCRAM-SHA-256" : "SCRAM-SHA-256-PLUS";

    /// <inheritdoc/>
    public override bool RevealsSecret => false;

    /// <inheritdoc/>
    public override bool IsClientFirst => true;

    /// <inheritdoc/>
    public override bool IsComplete => _state == State.Verified;

    /// <inheritdoc/>
    public override void Start() => _state = State.ClientFirst;

    /// <inheritdoc/>
    public override SaslClientStep Respond(ReadOnlySpan<byte> challenge, IBufferWriter<byte> response)
    {
        State state = _state;
        _state = State.Failed;
        if (!Utf8.IsValid(challenge))
        {
            return SaslClientStep.Cancel;
        }

        string message = Encoding.UTF8.GetString(challenge);
        return state switch
        {
            State.ClientFirst when message.Length == 0 => ClientFirst(response),
            State.ServerFirst => ClientFinal(message, response),
            State.ServerFinal => Verify(message),
            _ => SaslClientStep.Cancel,
        };
    }

    /// <summary><c>client-first-message = gs2-header "n=" saslname ",r=" c-nonce</c> (RFC 5802 §7)</summary>
    private SaslClientStep ClientFirst(IBufferWriter<byte> response)
    {
        _clientNonce = _fixedNonce ?? Scram.CreateNonce();
        _clientFirstBare = $"n={Scram.EscapeName(_userName)},r={_clientNonce}";
        Encoding.UTF8.GetBytes(_gs2Header + _clientFirstBare, response);
        _state = State.ServerFirst;
        return SaslClientStep.Respond;
    }

    /// <summary>
    /// <c>server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]</c>, answered with
    /// <c>client-final-message = channel-binding "," nonce "," proof</c> (RFC 5802 §7)
    /// </summary>
    private SaslClientStep ClientFinal(string serverFirst, IBufferWriter<byte> response)
    {
        string[] parts = serverFirst.Split(',');
        if (parts.Length < 3
            || !Scram.TryTakeAttribute(parts[0], 'r', out string nonce)
            || !Scram.TryTakeAttribute(parts[1], 's', out string saltText)
            || !Scram.TryTakeAttribute(parts[2], 'i', out string iterationText)
            || !nonce.StartsWith(_clientNonce, StringComparison.Ordinal)
            || nonce.Length == _clientNonce.Length
            || !Scram.TryDecode(saltText, out byte[] salt)
            || salt.Length == 0
            || !int.TryParse(iterationText, NumberStyles.None, CultureInfo.InvariantCulture, out int iterations)

            // Few iterations let whoever plays the server try passwords against the proof at little cost (RFC 7677 §4).
            || iterations is < ScramSecret.MinimumIterations or > MaximumIterations)
        {
            return SaslClientStep.Cancel;
        }

        byte[] binding = [.. Encoding.UTF8.GetBytes(_gs2Header), .. _binding is null ? [] : _binding.Data.Span];
        string withoutProof = $"c={Convert.ToBase64String(binding)},r={nonce}";
        byte[] authMessage = Encoding.UTF8.GetBytes($"{_clientFirstBare},{serverFirst},{withoutProof}");

        byte[] salted = Scram.SaltPassword(_password, salt, iterations);
        byte[] clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        byte[] proof = HMACSHA256.HashData(SHA256.HashData(clientKey), authMessage);
        Scram.Xor(proof, clientKey);
        byte[] serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        _serverSignature = HMACSHA256.HashData(serverKey, authMessage);
        CryptographicOperations.ZeroMemory(salted);
        CryptographicOperations.ZeroMemory(clientKey);
        CryptographicOperations.ZeroMemory(serverKey);

        Encoding.UTF8.GetBytes($"{withoutProof},p={Convert.ToBase64String(proof)}", response);
        _state = State.ServerFinal;
        return SaslClientStep.Respond;
    }

    /// <summary><c>server-final-message = (server-error / verifier) ["," extensions]</c> (RFC 5802 §7), answered with an empty line.</summary>
    private SaslClientStep Verify(string serverFinal)
    {
        if (!Scram.TryTakeAttribute(serverFinal.Split(',')[0], 'v', out string text)
            || !Scram.TryDecode(text, out byte[] signature)
            || !CryptographicOperations.FixedTimeEquals(signature, _serverSignature))
        {
            return SaslClientStep.Cancel;
        }

        _state = State.Verified;
        return SaslClientStep.Respond;
    }
}
