using System.Security.Cryptography;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.OpenSsl;

namespace Relay.Delivery;

/// <summary>One key of one domain, ready to sign (RFC 6376, RFC 8463).</summary>
internal sealed class DkimKey : DkimSigner
{
    /// <summary>
    /// What is signed: what a reader sees and what acts. Each is named once more than it is there, so that none can be added behind the signature
    /// (RFC 6376 §5.4.2): those marked even if it is not there at all.
    /// </summary>
    private static readonly (string Name, bool EvenIfMissing)[] Signed =
    [
        ("From", true), ("Sender", false), ("Reply-To", true), ("Subject", true), ("Date", false), ("Message-ID", false), ("To", true), ("Cc", true),
        ("MIME-Version", false), ("Content-Type", false), ("Content-Transfer-Encoding", false), ("In-Reply-To", false), ("References", false),
        ("List-Id", false), ("List-Unsubscribe", false), ("List-Unsubscribe-Post", false),
    ];

    private readonly RSA? _rsa;
    private readonly TimeProvider _time;

    private DkimKey(AsymmetricKeyParameter key, DkimSettings settings, DkimSignatureAlgorithm algorithm, RSA? rsa, TimeProvider time)
        : base(key, settings.Domain, settings.Selector, algorithm)
    {
        _rsa = rsa;
        _time = time;
        HeaderCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed;
        BodyCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed;
    }

    /// <summary>Loads a key.</summary>
    /// <param name="settings">The domain and the file.</param>
    /// <param name="time">The clock of the signatures' t=.</param>
    /// <exception cref="DkimKeyException">The file is not there, or no such key.</exception>
    internal static DkimKey Load(DkimSettings settings, TimeProvider time)
    {
        string pem;
        object? read;
        try
        {
            pem = File.ReadAllText(settings.KeyPath);
            using var reader = new PemReader(new StringReader(pem));
            read = reader.ReadObject();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or Org.BouncyCastle.Security.SecurityUtilityException
            or CryptoException or Org.BouncyCastle.OpenSsl.PasswordException or Org.BouncyCastle.OpenSsl.PemException or ArgumentException)
        {
            throw new DkimKeyException($"\"{settings.KeyPath}\" cannot be read as a private key in PEM: {error.Message}", error);
        }

        AsymmetricKeyParameter? key = read is AsymmetricCipherKeyPair pair ? pair.Private : read as AsymmetricKeyParameter;
        switch (key)
        {
            case RsaPrivateCrtKeyParameters parameters when parameters.Modulus.BitLength >= 1024:
                var rsa = RSA.Create();
                rsa.ImportFromPem(pem);
                return new DkimKey(key, settings, DkimSignatureAlgorithm.RsaSha256, rsa, time);
            case Ed25519PrivateKeyParameters:
                return new DkimKey(key, settings, DkimSignatureAlgorithm.Ed25519Sha256, null, time);
            default:
                throw new DkimKeyException($"\"{settings.KeyPath}\" holds no RSA key of at least 1024 bits (RFC 8301) and no Ed25519 key in PEM, unencrypted.");
        }
    }

    /// <summary>Signs a message.</summary>
    /// <returns>The <c>DKIM-Signature</c> field with its CRLF.</returns>
    internal byte[] Sign(MimeMessage message)
    {
        var names = new List<string>(Signed.Length);
        foreach ((string name, bool evenIfMissing) in Signed)
        {
            int count = Count(message.Headers, name) + (name.StartsWith("Content-", StringComparison.Ordinal) ? Count(message.Body?.Headers, name) : 0);
            for (int i = 0; i < count + (count > 0 || evenIfMissing ? 1 : 0); i++)
            {
                names.Add(name);
            }
        }

        FormatOptions format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        Sign(format, message, names);
        int index = message.Headers.IndexOf(HeaderId.DkimSignature);
        Header made = message.Headers[index];
        message.Headers.RemoveAt(index);
        using var written = new MemoryStream();
        written.Write("DKIM-Signature:"u8);
        written.Write(made.RawValue);
        byte[] field = written.ToArray();
        return field.AsSpan().EndsWith("\r\n"u8) ? field : [.. field.AsSpan().TrimEnd("\r\n"u8), .. "\r\n"u8];
    }

    private static int Count(HeaderList? headers, string name) =>
        headers?.Count(h => h.Field.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? 0;

    /// <inheritdoc/>
    protected override ISigner CreateSigningContext() => _rsa is null ? base.CreateSigningContext() : new RsaSigningContext(_rsa);

    /// <inheritdoc/>
    protected override long GetTimestamp() => _time.GetUtcNow().ToUnixTimeSeconds();
}
