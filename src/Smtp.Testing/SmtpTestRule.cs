using Smtp.Core;

namespace Smtp.Testing;

/// <summary>
/// What a <see cref="SmtpTestServer"/> does at a step in place of accepting. Of several rules that fit, delays add up, and the first that refuses or drops decides.
/// </summary>
public sealed class SmtpTestRule
{
    private readonly List<Func<SmtpTestStepContext, bool>> _conditions = [];
    private int _remaining = int.MaxValue;

    internal SmtpTestRule(SmtpTestStep step) => Step = step;

    /// <summary>Where the rule acts.</summary>
    public SmtpTestStep Step { get; }

    internal TimeSpan Wait { get; private set; }

    internal SmtpReply Refusal { get; private set; }

    internal bool IsDropped { get; private set; }

    /// <summary>Acts only where a condition holds; several must all hold.</summary>
    public SmtpTestRule When(Func<SmtpTestStepContext, bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        _conditions.Add(condition);
        return this;
    }

    /// <summary>Acts a number of times, and then no more.</summary>
    /// <param name="count">At least 1.</param>
    public SmtpTestRule Times(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _remaining = count;
        return this;
    }

    /// <summary>Acts once.</summary>
    public SmtpTestRule Once() => Times(1);

    /// <summary>Lets the client wait.</summary>
    public SmtpTestRule Delay(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        if (Step is SmtpTestStep.StartTls or SmtpTestStep.Quit)
        {
            throw new InvalidOperationException($"At {Step} nothing but Drop acts.");
        }

        Wait = time;
        return this;
    }

    /// <summary>Refuses.</summary>
    /// <param name="code">400 to 599. A 421 closes the connection too.</param>
    /// <param name="text">The reply's text, with the enhanced status in front if there is to be one: "5.1.1 No such user".</param>
    public SmtpTestRule Refuse(int code, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (code is < 400 or > 599)
        {
            throw new ArgumentOutOfRangeException(nameof(code), code, "A refusal is 400 to 599.");
        }

        if (Step is SmtpTestStep.StartTls or SmtpTestStep.Quit or SmtpTestStep.Committed)
        {
            throw new InvalidOperationException($"At {Step} no refusal acts.");
        }

        Refusal = SmtpReply.Create(code, text);
        return this;
    }

    /// <summary>Cuts the connection, after the delay if there is one.</summary>
    public SmtpTestRule Drop()
    {
        IsDropped = true;
        return this;
    }

    /// <summary>Whether the rule acts now; if so, one of its times is used up. Called under the server's lock.</summary>
    internal bool TryUse(SmtpTestStepContext context)
    {
        if (_remaining == 0 || !_conditions.TrueForAll(condition => condition(context)))
        {
            return false;
        }

        _remaining -= _remaining == int.MaxValue ? 0 : 1;
        return true;
    }
}
