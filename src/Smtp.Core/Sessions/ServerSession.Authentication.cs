using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Smtp.Core;

/// <content>AUTH (RFC 4954). No line of an exchange is ever kept or shown: only the mechanism sees it.</content>
public sealed partial class ServerSession
{
    private SaslServerMechanism? _mechanism;
    private int _authenticationFailures;

    // What is said when the client has taken the challenge that tells it why it was refused.
    private SmtpReply _owedRefusal;

    /// <summary>The mechanism of the exchange that runs or ran last, by its registered name; null before one and where AUTH was refused without one.</summary>
    public string? AuthenticationMechanism { get; private set; }

    /// <summary>What to check on <see cref="ServerEffect.Authenticate"/>, or to look up on <see cref="ServerEffect.LookUpSecret"/>; null otherwise.</summary>
    public SaslCredentials? Credentials { get; private set; }

    /// <summary>Gives the answer that <see cref="ServerEffect.Authenticate"/> asked for.</summary>
    /// <param name="identity">
    /// Who the client is from now on, or null if the credentials are refused. Where the client wants to act as somebody else than it
    /// authenticated as (<see cref="SaslCredentials.AuthorizationIdentity"/>), this must be exactly that somebody; anything else refuses, so that an
    /// authenticator that knows nothing of it cannot let anybody act for everybody.
    /// </param>
    /// <param name="refusal">
    /// The reply of a refusal; <c>default</c> is 535 5.7.8, the same for unknown users and wrong passwords. Ignored with an identity.
    /// </param>
    /// <param name="output">Where replies go.</param>
    public void ResumeAuthentication(string? identity, SmtpReply refusal, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_awaited != ServerEffect.Authenticate || Credentials is null)
        {
            ThrowMisuse("No authentication is asked for.");
        }

        string actsAs = Credentials.AuthorizationIdentity;
        bool mayActSo = actsAs.Length == 0 || actsAs == Credentials.AuthenticationIdentity || actsAs == identity;
        _awaited = ServerEffect.NeedInput;
        if (identity is not null && mayActSo)
        {
            AcceptIdentity(identity, output);
            return;
        }

        refusal = identity is not null || refusal.IsPositive ? Replies.AuthenticationFailed : refusal;
        if (!_mechanism!.RefusalChallenge.IsEmpty)
        {
            _owedRefusal = refusal;
            _mechanism.OnRefused();
            Credentials = null;
            Challenge(_mechanism.RefusalChallenge.Span, output);
            return;
        }

        FailAuthentication(refusal, output);
    }

    /// <summary>Gives the secret that <see cref="ServerEffect.LookUpSecret"/> asked for.</summary>
    /// <param name="secret">Null for an unknown user; the client notices only at the end, and cannot tell it from a wrong password.</param>
    /// <param name="output">Where replies go.</param>
    /// <param name="failure">
    /// A 4yz that ends the exchange at once, where the secret could not be looked up, such as <see cref="Replies.AuthenticationUnavailable"/>. Default: none.
    /// </param>
    public void ResumeSecret(ScramSecret? secret, IBufferWriter<byte> output, SmtpReply failure = default)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_awaited != ServerEffect.LookUpSecret)
        {
            ThrowMisuse("No secret is asked for.");
        }

        _awaited = ServerEffect.NeedInput;
        Credentials = null;
        if (!failure.IsPositive)
        {
            FailAuthentication(failure, output);
            return;
        }

        Follow(_mechanism!.SupplySecret(secret), output);
    }

    /// <summary><c>"AUTH" SP sasl-mech [SP initial-response] CRLF</c> (RFC 4954 §4)</summary>
    private ServerEffect Auth(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        AuthenticationMechanism = null;
        if (IsAuthenticated)
        {
            return Answer(Replies.AlreadyAuthenticated, output);
        }

        if ((_profile.Extensions & SmtpExtensions.Auth) == 0)
        {
            return Answer(Replies.NotImplemented, output);
        }

        int space = argument.IndexOf((byte)' ');
        ReadOnlySpan<byte> name = space < 0 ? argument : argument[..space];
        if (name.IsEmpty || name.Length > MaximumMechanismLength || !Ascii.IsValid(name))
        {
            return Answer(Replies.BadArguments, output);
        }

        string mechanism = Encoding.ASCII.GetString(name);
        if (!Offers(mechanism, IsTls))
        {
            // Known, but not without TLS: 538 tells the client what would help (RFC 4954 §6).
            return Answer(!IsTls && Offers(mechanism, isTls: true) ? Replies.EncryptionRequired : Replies.UnknownMechanism, output);
        }

        _mechanism = SaslServerMechanism.Create(mechanism, Offers("SCRAM-SHA-256-PLUS", IsTls), ChannelBinding);
        AuthenticationMechanism = _mechanism!.Name;
        _phase = ServerPhase.Authenticating;
        if (space < 0)
        {
            return Challenge(_mechanism!.FirstChallenge.Span, output);
        }

        // "=" is an initial response of no octets, as base64 has no way to write one (RFC 4954 §4).
        ReadOnlySpan<byte> initial = argument[(space + 1)..];
        return StepMechanism(initial.SequenceEqual("="u8) ? default : initial, output);
    }

    private ServerEffect ReceiveSaslResponse(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        LastVerb = SmtpVerb.Auth;
        if (line.Length + 2 > _profile.Limits.MaximumAuthenticationLineLength)
        {
            EndAuthentication();
            return Answer(Replies.AuthenticationLineTooLong, output);
        }

        if (line.SequenceEqual("*"u8))
        {
            EndAuthentication();
            return Answer(Replies.AuthenticationCanceled, output);
        }

        return StepMechanism(line, output);
    }

    private ServerEffect StepMechanism(ReadOnlySpan<byte> base64, IBufferWriter<byte> output)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Base64.GetMaxDecodedFromUtf8Length(base64.Length));
        int written = 0;
        try
        {
            bool decoded = base64.IsEmpty || TryDecodeStrictly(base64, buffer, out written);
            return Follow(decoded ? _mechanism!.Evaluate(buffer.AsSpan(0, written)) : SaslServerStep.Malformed, output);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer.AsSpan(0, written));
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ServerEffect Follow(SaslServerStep step, IBufferWriter<byte> output)
    {
        if (step.Credentials is { HasControls: true })
        {
            step = SaslServerStep.Malformed;
        }

        switch (step.Kind)
        {
            case SaslServerStepKind.Challenge:
                return Challenge(step.Challenge.Span, output);

            case SaslServerStepKind.Verify:
                Credentials = step.Credentials;
                return Await(ServerEffect.Authenticate);

            case SaslServerStepKind.LookUp:
                Credentials = step.Credentials;
                return Await(ServerEffect.LookUpSecret);

            case SaslServerStepKind.Accept:
                AcceptIdentity(step.Identity!, output);
                return ServerEffect.Flush;

            case SaslServerStepKind.Reject:
                FailAuthentication(_owedRefusal.IsNone ? Replies.AuthenticationFailed : _owedRefusal, output);
                return ServerEffect.Flush;

            default:
                FailAuthentication(Replies.BadAuthenticationData, output);
                return ServerEffect.Flush;
        }
    }

    private bool Offers(string mechanism, bool isTls) => _profile.Offers(mechanism, isTls, ChannelBinding is not null, HasClientCertificate);

    /// <summary>RFC 4954 §4 and RFC 4648 §3.1, §3.3: no white space, no other octets, padding in full.</summary>
    private static bool TryDecodeStrictly(ReadOnlySpan<byte> base64, Span<byte> destination, out int written)
    {
        written = 0;
        return base64.Length % 4 == 0
            && !base64.ContainsAny(" \t\r\n"u8)
            && Base64.DecodeFromUtf8(base64, destination, out int consumed, out written) == OperationStatus.Done
            && consumed == base64.Length;
    }

    /// <summary><c>continue-req = "334" SP [base64] CRLF</c> (RFC 4954 §8)</summary>
    private ServerEffect Challenge(ReadOnlySpan<byte> challenge, IBufferWriter<byte> output)
    {
        output.Write("334 "u8);
        if (!challenge.IsEmpty)
        {
            Span<byte> span = output.GetSpan(Base64.GetMaxEncodedToUtf8Length(challenge.Length));
            Base64.EncodeToUtf8(challenge, span, out _, out int written);
            output.Advance(written);
        }

        output.Write("\r\n"u8);
        OnSaid(334, default);
        return ServerEffect.Flush;
    }

    private void AcceptIdentity(string identity, IBufferWriter<byte> output)
    {
        EndAuthentication();
        Identity = identity;
        Say(Replies.AuthenticationSucceeded, output);
    }

    private void FailAuthentication(SmtpReply refusal, IBufferWriter<byte> output)
    {
        EndAuthentication();

        // Nothing was guessed where the credentials could not be checked. Who is throttled has guessed enough.
        bool isFailure = refusal.Class != ReplyClass.TransientFailure || refusal == Replies.AuthenticationThrottled;
        if (isFailure && ++_authenticationFailures >= _profile.Limits.MaximumAuthenticationFailures)
        {
            refusal = Replies.TooManyErrors;
        }

        Say(refusal, output);
    }

    private void EndAuthentication()
    {
        ResetAuthentication();
        _phase = ServerPhase.Ready;
    }

    private void ResetAuthentication()
    {
        _mechanism = null;
        _owedRefusal = default;
        Credentials = null;
    }
}
