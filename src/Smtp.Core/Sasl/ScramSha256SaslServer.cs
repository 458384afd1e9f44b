using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Smtp.Core;

/// <summary>SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side (RFC 5802, RFC 7677).</summary>
/// <remarks>
/// The password never crosses the network and is never known here. An unknown user gets a made-up salt, always the same for the same name, and
/// fails only at the proof: who listens cannot tell which users there are. The store can make it up, as <see cref="ScramSecret.CreateDecoy"/> does.
/// </remarks>
internal sealed class ScramSha256SaslServer : SaslServerMechanism
{
    // Of this process: made-up salts are the same as long as it runs.
    private static readonly byte[] DecoyKey = RandomNumberGenerator.GetBytes(32);

    private readonly bool _isPlus;
    private readonly bool _plusIsOffered;
    private readonly SaslChannelBinding? _binding;
    private readonly string _serverNonce;

    private State _state;
    private string _gs2Header = string.Empty;
    private string _clientFirstBare = string.Empty;
    private string _serverFirst = string.Empty;
    private string _nonce = string.Empty;
    private string _userName = string.Empty;
    private string _authorizationId = string.Empty;
    private ScramSecret? _secret;
    private bool _isKnown;

    /// <summary>Begins an exchange.</summary>
    /// <param name="isPlus">Whether the client chose the -PLUS form, which ties the exchange to the TLS connection.</param>
    /// <param name="plusIsOffered">Whether the server offered -PLUS: a client that then believes it did not was lied to (RFC 5802 §6).</param>
    /// <param name="binding">The connection's channel binding; needed for -PLUS.</param>
    public ScramSha256SaslServer(bool isPlus, bool plusIsOffered, SaslChannelBinding? binding)
        : this(isPlus, plusIsOffered, binding, Scram.CreateNonce())
    {
    }

    internal ScramSha256SaslServer(bool isPlus, bool plusIsOffered, SaslChannelBinding? binding, string serverNonce)
    {
        _isPlus = isPlus;
        _plusIsOffered = plusIsOffered;
        _binding = binding;
        _serverNonce = serverNonce;
    }

    private enum State : byte
    {
        /// <summary>client-first-message is awaited.</summary>
        ClientFirst,

        /// <summary>The user's secret is awaited.</summary>
        Secret,

        /// <summary>client-final-message is awaited.</summary>
        ClientFinal,

        /// <summary>The client's empty answer to server-final-message is awaited (RFC 4954 has no data with success).</summary>
        Acknowledgement,

        /// <summary>Nothing more.</summary>
        Ended,
    }

    /// <inheritdoc/>
    public override string Name => _isPlus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";

    /// <inheritdoc/>
    public override SaslServerStep Evaluate(ReadOnlySpan<byte> response)
    {
        State state = _state;
        _state = State.Ended;
        if (!Utf8.IsValid(response))
        {
            return SaslServerStep.Malformed;
        }

        string message = Encoding.UTF8.GetString(response);
        return state switch
        {
            State.ClientFirst => ClientFirst(message),
            State.ClientFinal => ClientFinal(message),
            State.Acknowledgement when message.Length == 0 => SaslServerStep.Accept(_userName),
            _ => SaslServerStep.Malformed,
        };
    }

    /// <inheritdoc/>
    public override SaslServerStep SupplySecret(ScramSecret? secret)
    {
        if (_state != State.Secret)
        {
            throw new InvalidOperationException("No secret is asked for.");
        }

        _secret = secret ?? ScramSecret.CreateDecoy(DecoyKey, _userName);
        _isKnown = !_secret.IsDecoy;

        // server-first-message = nonce "," salt "," iteration-count
        _serverFirst = string.Create(
            CultureInfo.InvariantCulture, $"r={_nonce},s={Convert.ToBase64String(_secret.Salt.Span)},i={_secret.Iterations}");
        _state = State.ClientFinal;
        return SaslServerStep.Continue(Encoding.UTF8.GetBytes(_serverFirst));
    }

    /// <summary><c>client-first-message = gs2-header client-first-message-bare</c> (RFC 5802 §7)</summary>
    private SaslServerStep ClientFirst(string message)
    {
        string[] parts = message.Split(',');
        if (parts.Length < 4)
        {
            return SaslServerStep.Malformed;
        }

        // gs2-cbind-flag = ("p=" cb-name) / "n" / "y"
        string flag = parts[0];
        bool flagFits = _isPlus
            ? _binding is not null && flag == "p=" + _binding.Name
            : flag == "n" || (flag == "y" && !_plusIsOffered);
        if (!flagFits)
        {
            return flag is "n" or "y" || flag.StartsWith("p=", StringComparison.Ordinal) ? SaslServerStep.Reject : SaslServerStep.Malformed;
        }

        if (parts[1].Length > 0 && !(Scram.TryTakeAttribute(parts[1], 'a', out string escaped) && Scram.TryUnescapeName(escaped, out _authorizationId)))
        {
            return SaslServerStep.Malformed;
        }

        // client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]; mext must be refused.
        _gs2Header = $"{flag},{parts[1]},";
        _clientFirstBare = message[_gs2Header.Length..];
        if (!Scram.TryTakeAttribute(parts[2], 'n', out string name)
            || !Scram.TryUnescapeName(name, out _userName)
            || !Scram.TryTakeAttribute(parts[3], 'r', out string clientNonce)
            || clientNonce.Length == 0)
        {
            return SaslServerStep.Malformed;
        }

        _nonce = clientNonce + _serverNonce;
        _state = State.Secret;
        return SaslServerStep.LookUp(new SaslCredentials(Name, _authorizationId, _userName));
    }

    /// <summary><c>client-final-message = channel-binding "," nonce ["," extensions] "," proof</c> (RFC 5802 §7)</summary>
    private SaslServerStep ClientFinal(string message)
    {
        int proofAt = message.LastIndexOf(",p=", StringComparison.Ordinal);
        string[] parts = message.Split(',');
        if (proofAt < 0
            || parts.Length < 3
            || !Scram.TryTakeAttribute(parts[0], 'c', out string bindingText)
            || !Scram.TryTakeAttribute(parts[1], 'r', out string nonce)
            || !Scram.TryDecode(bindingText, out byte[] binding)
            || !Scram.TryDecode(message[(proofAt + 3)..], out byte[] proof)
            || proof.Length != SHA256.HashSizeInBytes)
        {
            return SaslServerStep.Malformed;
        }

        byte[] expectedBinding = [.. Encoding.UTF8.GetBytes(_gs2Header), .. _isPlus ? _binding!.Data.Span : []];
        bool valid = nonce == _nonce && CryptographicOperations.FixedTimeEquals(binding, expectedBinding);

        byte[] authMessage = Encoding.UTF8.GetBytes($"{_clientFirstBare},{_serverFirst},{message[..proofAt]}");
        byte[] clientKey = HMACSHA256.HashData(_secret!.StoredKey.Span, authMessage);
        Scram.Xor(clientKey, proof);
        valid &= CryptographicOperations.FixedTimeEquals(SHA256.HashData(clientKey), _secret.StoredKey.Span);

        // Acting as somebody else is not this mechanism's to allow.
        valid &= _authorizationId.Length == 0 || _authorizationId == _userName;
        CryptographicOperations.ZeroMemory(clientKey);
        if (!valid || !_isKnown)
        {
            return SaslServerStep.Reject;
        }

        _state = State.Acknowledgement;
        byte[] signature = HMACSHA256.HashData(_secret.ServerKey.Span, authMessage);
        return SaslServerStep.Continue(Encoding.ASCII.GetBytes("v=" + Convert.ToBase64String(signature)));
    }
}
