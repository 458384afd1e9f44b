using System.Security.Cryptography;
using System.Text;

namespace Smtp.Core.Tests.Sasl;

public class ScramSha256SaslServerTests
{
    // RFC 7677 §3.
    private const string ServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    private const string ClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    private const string ServerFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    private const string ClientFinal = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    private const string ServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    private static readonly ScramSecret Pencil = ScramSecret.Create("pencil", Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);

    [Fact]
    public void Rfc_7677_example_runs_as_printed()
    {
        var mechanism = new ScramSha256SaslServer(isPlus: false, plusIsOffered: false, binding: null, ServerNonce);

        SaslServerStep step = mechanism.Evaluate(Encoding.UTF8.GetBytes(ClientFirst));
        Assert.Equal(SaslServerStepKind.LookUp, step.Kind);
        Assert.Equal("user", step.Credentials!.AuthenticationIdentity);

        step = mechanism.SupplySecret(Pencil);
        Assert.Equal(ServerFirst, Text(step));

        step = mechanism.Evaluate(Encoding.UTF8.GetBytes(ClientFinal));
        Assert.Equal(ServerFinal, Text(step));

        step = mechanism.Evaluate(default);
        Assert.Equal(SaslServerStepKind.Accept, step.Kind);
        Assert.Equal("user", step.Identity);
    }

    [Theory]
    [InlineData("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", nameof(SaslServerStepKind.Reject))]
    [InlineData("c=eSws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", nameof(SaslServerStepKind.Reject))]
    [InlineData("c=biws,r=rOprNGfwEbeRWgbNEkqO,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", nameof(SaslServerStepKind.Reject))]
    [InlineData("c=biws,r=x", nameof(SaslServerStepKind.Malformed))]
    [InlineData("c=biws,p=AAAA", nameof(SaslServerStepKind.Malformed))]
    [InlineData("", nameof(SaslServerStepKind.Malformed))]
    public void A_final_message_that_does_not_prove_it_is_refused(string final, string expected)
    {
        var mechanism = new ScramSha256SaslServer(isPlus: false, plusIsOffered: false, binding: null, ServerNonce);
        mechanism.Evaluate(Encoding.UTF8.GetBytes(ClientFirst));
        mechanism.SupplySecret(Pencil);

        Assert.Equal(expected, mechanism.Evaluate(Encoding.UTF8.GetBytes(final)).Kind.ToString());

        // The exchange is over, whatever comes.
        Assert.Equal(SaslServerStepKind.Malformed, mechanism.Evaluate(Encoding.UTF8.GetBytes(ClientFinal)).Kind);
    }

    [Fact]
    public void An_unknown_user_is_refused_only_at_the_proof_and_always_with_the_same_salt()
    {
        string Salt()
        {
            var mechanism = new ScramSha256SaslServer(isPlus: false, plusIsOffered: false, binding: null);
            mechanism.Evaluate(Encoding.UTF8.GetBytes(ClientFirst));
            string serverFirst = Text(mechanism.SupplySecret(null));
            string nonce = serverFirst[..serverFirst.IndexOf(",s=", StringComparison.Ordinal)];
            SaslServerStep step = mechanism.Evaluate(Encoding.UTF8.GetBytes($"c=biws,{nonce},p={Convert.ToBase64String(new byte[32])}"));
            Assert.Equal(SaslServerStepKind.Reject, step.Kind);
            return serverFirst[serverFirst.IndexOf(",s=", StringComparison.Ordinal)..];
        }

        Assert.Equal(Salt(), Salt());
    }

    [Fact]
    public void A_stores_decoy_is_the_same_behind_a_restart_and_looks_like_its_secrets_and_nothing_fits_it()
    {
        byte[] key = RandomNumberGenerator.GetBytes(32);
        ScramSecret decoy = ScramSecret.CreateDecoy(key, "user", 4096);
        Assert.True(decoy.IsDecoy);
        Assert.Equal(decoy.Salt.ToArray(), ScramSecret.CreateDecoy(key, "user", 4096).Salt.ToArray());
        Assert.NotEqual(decoy.Salt.ToArray(), ScramSecret.CreateDecoy(key, "other", 4096).Salt.ToArray());
        Assert.NotEqual(decoy.Salt.ToArray(), ScramSecret.CreateDecoy(RandomNumberGenerator.GetBytes(32), "user", 4096).Salt.ToArray());
        Assert.Equal(ScramSecret.Create("pencil", 4096).Salt.Length, decoy.Salt.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => ScramSecret.CreateDecoy(new byte[15], "user"));
        Assert.Throws<InvalidOperationException>(decoy.Export);
        Assert.False(Pencil.IsDecoy);

        var mechanism = new ScramSha256SaslServer(isPlus: false, plusIsOffered: false, binding: null, ServerNonce);
        mechanism.Evaluate(Encoding.UTF8.GetBytes(ClientFirst));
        string serverFirst = Text(mechanism.SupplySecret(decoy));
        Assert.EndsWith($",s={Convert.ToBase64String(decoy.Salt.Span)},i=4096", serverFirst, StringComparison.Ordinal);

        // Even who knew the decoy's stored key and proved it would not be let in: here the proof is right but for the decoy.
        string nonce = serverFirst[..serverFirst.IndexOf(",s=", StringComparison.Ordinal)];
        Assert.Equal(SaslServerStepKind.Reject, mechanism.Evaluate(Encoding.UTF8.GetBytes($"c=biws,{nonce},p={Convert.ToBase64String(new byte[32])}")).Kind);
    }

    [Theory]
    [InlineData("y,,n=user,r=abc", true, nameof(SaslServerStepKind.Reject))]
    [InlineData("y,,n=user,r=abc", false, nameof(SaslServerStepKind.LookUp))]
    [InlineData("p=tls-unique,,n=user,r=abc", false, nameof(SaslServerStepKind.Reject))]
    [InlineData("n,a=other,n=user,r=abc", false, nameof(SaslServerStepKind.LookUp))]
    [InlineData("n,,m=ext,n=user,r=abc", false, nameof(SaslServerStepKind.Malformed))]
    [InlineData("n,,n=us=41er,r=abc", false, nameof(SaslServerStepKind.Malformed))]
    [InlineData("n,,n=,r=abc", false, nameof(SaslServerStepKind.Malformed))]
    [InlineData("n,,n=user,r=", false, nameof(SaslServerStepKind.Malformed))]
    [InlineData("n,,n=user", false, nameof(SaslServerStepKind.Malformed))]
    [InlineData("x,,n=user,r=abc", false, nameof(SaslServerStepKind.Malformed))]
    public void First_messages(string message, bool plusIsOffered, string expected)
    {
        var mechanism = new ScramSha256SaslServer(isPlus: false, plusIsOffered, binding: null);

        Assert.Equal(expected, mechanism.Evaluate(Encoding.UTF8.GetBytes(message)).Kind.ToString());
    }

    [Fact]
    public void The_plus_form_wants_the_binding_of_this_very_connection()
    {
        var binding = new SaslChannelBinding("tls-server-end-point", RandomNumberGenerator.GetBytes(32));
        Assert.True(RunPlus(binding, binding.Data.ToArray()));
        Assert.False(RunPlus(binding, new byte[32]));
    }

    [Fact]
    public void A_stored_secret_survives_its_text_form()
    {
        ScramSecret again = ScramSecret.Parse(Pencil.Export());

        Assert.Equal(Pencil.StoredKey.ToArray(), again.StoredKey.ToArray());
        Assert.Equal(Pencil.ServerKey.ToArray(), again.ServerKey.ToArray());
        Assert.Equal(Pencil.Iterations, again.Iterations);
        Assert.DoesNotContain(Convert.ToBase64String(Pencil.StoredKey.Span), Pencil.ToString(), StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => ScramSecret.Parse("SCRAM-SHA-256$1:AAAA$AAAA:AAAA"));
    }

    // The client's side written out from RFC 5802 §3, so that both ends are not the same code.
    private static bool RunPlus(SaslChannelBinding binding, byte[] clientsBinding)
    {
        var mechanism = new ScramSha256SaslServer(isPlus: true, plusIsOffered: true, binding);
        string header = $"p={binding.Name},,";
        const string Bare = "n=user,r=abc";
        mechanism.Evaluate(Encoding.UTF8.GetBytes(header + Bare));
        string serverFirst = Text(mechanism.SupplySecret(Pencil));
        string nonce = serverFirst[..serverFirst.IndexOf(",s=", StringComparison.Ordinal)];
        string withoutProof = $"c={Convert.ToBase64String([.. Encoding.UTF8.GetBytes(header), .. clientsBinding])},{nonce}";

        byte[] salted = Rfc2898DeriveBytes.Pbkdf2("pencil"u8, Pencil.Salt.Span, Pencil.Iterations, HashAlgorithmName.SHA256, 32);
        byte[] clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        byte[] signature = HMACSHA256.HashData(SHA256.HashData(clientKey), Encoding.UTF8.GetBytes($"{Bare},{serverFirst},{withoutProof}"));
        byte[] proof = [.. clientKey.Zip(signature, (a, b) => (byte)(a ^ b))];
        return mechanism.Evaluate(Encoding.UTF8.GetBytes($"{withoutProof},p={Convert.ToBase64String(proof)}")).Kind == SaslServerStepKind.Challenge;
    }

    private static string Text(SaslServerStep step)
    {
        Assert.Equal(SaslServerStepKind.Challenge, step.Kind);
        return Encoding.UTF8.GetString(step.Challenge.Span);
    }
}
