namespace Smtp.Core.Tests;

/// <summary>The runner itself: a dialogue that is wrong must fail, and show where.</summary>
public class DialogueRunnerTests
{
    private const string Prologue = """
        S: 220 mx.example.org ESMTP
        C: HELO client.example.net
        S: 250 mx.example.org

        """;

    public static TheoryData<DialogueDelivery> Deliveries() => [.. Enum.GetValues<DialogueDelivery>()];

    [Theory]
    [MemberData(nameof(Deliveries))]
    public void A_right_dialogue_passes(DialogueDelivery delivery) =>
        Run(delivery, """
            == A message
            @answer RCPT bad@example.org 550 5.1.1 No such user
            C: MAIL FROM:<a@example.net>
            S: 250 2.1.0 Sender OK
            C: RCPT TO:<bad@example.org>
            C: RCPT TO:<b@example.org>
            S: 550 5.1.1 No such user
            S: 250*
            C: DATA
            S: 354*
            C: one\x21\{ab*3}
            R: ..two\r\n.\r
            R: \n
            S: 250 2.0.0 Message accepted
            C: QUIT
            S: 221*
            CLOSED
            M: from <a@example.net>
            M: to <b@example.org>
            M| one!ababab
            M& .two\r\n
            """);

    [Theory]
    [MemberData(nameof(Deliveries))]
    public void Wrong_text_fails_with_both_lines(DialogueDelivery delivery)
    {
        string message = Fails(delivery, """
            == Wrong text
            C: NOOP
            S: 250 2.0.0 OK
            C: NOOP
            S: 250 2.0.0 Okay
            """);
        Assert.Contains("\"Wrong text\"", message, StringComparison.Ordinal);
        Assert.Contains("- S: 250 2.0.0 Okay\n+ S: 250 2.0.0 OK\n", message, StringComparison.Ordinal);
        Assert.Contains(delivery.ToString(), message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Deliveries))]
    public void A_missing_reply_fails(DialogueDelivery delivery) =>
        Assert.Contains("- S: 250*\n", Fails(delivery, "== s\nC: NOOP\nS: 250*\nS: 250*"), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Deliveries))]
    public void A_reply_too_many_fails(DialogueDelivery delivery) =>
        Assert.Contains("+ S: 250 2.0.0 OK\n", Fails(delivery, "== s\nC: NOOP\nS: 250*\nC: NOOP"), StringComparison.Ordinal);

    [Theory]
    [InlineData(DialogueDelivery.LineByLine)]
    [InlineData(DialogueDelivery.OctetByOctet)]
    public void A_reply_at_the_wrong_place_fails(DialogueDelivery delivery) =>
        Assert.Contains("+ S: 250 2.0.0 OK\n", Fails(delivery, "== s\nC: NOOP\nC: NOOP\nS: 250*\nC: NOOP\nS: 250*\nS: 250*"), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Deliveries))]
    public void A_close_that_the_file_does_not_tell_fails(DialogueDelivery delivery) =>
        Assert.Contains("has closed", Fails(delivery, "== s\nC: QUIT\nS: 221*"), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Deliveries))]
    public void A_close_that_does_not_come_fails(DialogueDelivery delivery) =>
        Assert.Contains("should have closed", Fails(delivery, "== s\nC: NOOP\nS: 250*\nCLOSED"), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Deliveries))]
    public void A_handshake_that_nobody_asked_for_fails(DialogueDelivery delivery) =>
        Assert.Contains("shake hands", Fails(delivery, "== s\nTLS"), StringComparison.Ordinal);

    [Theory]
    [InlineData("M: from <a@example.net>\nM: to <b@example.org>\nM| other")]
    [InlineData("M: from <a@example.net>\nM: to <c@example.org>\nM| text")]
    [InlineData("M: from <a@example.net>\nM: to <b@example.org>\nM& text")]
    [InlineData("")]
    public void Another_message_fails(string messages)
    {
        string message = Fails(DialogueDelivery.Whole, $"""
            == s
            C: MAIL FROM:<a@example.net>
            C: RCPT TO:<b@example.org>
            C: DATA
            C: text
            C: .
            S: 250*
            S: 250*
            S: 354*
            S: 250*
            {messages}
            """);
        Assert.Contains("+ M: to <b@example.org> text\\r\\n\n", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("C: a\\q")]
    [InlineData("C: \\")]
    [InlineData("X: a")]
    [InlineData("C:a")]
    [InlineData("== s\n@limits errors 3")]
    [InlineData("== s\n@offer TURN")]
    public void A_file_that_is_none_fails(string text) =>
        Assert.Throws<DialogueException>(() => DialogueFile.Parse("test", text));

    private static string Fails(DialogueDelivery delivery, string text) =>
        Assert.Throws<DialogueException>(() => Run(delivery, text)).Message;

    private static void Run(DialogueDelivery delivery, string text) =>
        DialogueRunner.Run(Assert.Single(DialogueFile.Parse("test", Prologue + text)), delivery);
}
