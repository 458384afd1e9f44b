using System.Globalization;
using System.Text;

namespace Relay.Spool;

/// <summary>Makes SQL of a filter: over <c>recipients r</c>, <c>messages m</c> and <c>lanes l</c>.</summary>
internal sealed class FilterSql
{
    /// <summary>The random end of a message's id; that of <see cref="MessageRow.Missing"/> if its row is gone.</summary>
    internal const string Tail = "coalesce(m.tail, -9223372036854775808)";

    private readonly StringBuilder _where = new("1");
    private readonly List<object> _values = [];

    internal FilterSql(QueueFilter filter)
    {
        if (filter.MessageId is { } id)
        {
            And("r.message = ?", id.Key);
            And($"{Tail} = ?", id.Tail);
        }

        if (filter.RecipientIndex is { } index)
        {
            And("r.idx = ?", (long)index);
        }

        if (filter.States is { } states)
        {
            IEnumerable<int> numbers = states.Select(s => (int)s).Concat(states.Contains(RecipientState.Queued) ? [(int)RecipientState.Leased] : []);
            _where.Append(CultureInfo.InvariantCulture, $" AND r.state IN ({string.Join(',', numbers.Distinct())})");
        }

        if (filter.IsDeferred is { } isDeferred)
        {
            _where.Append(isDeferred ? " AND r.state IN (1, 2) AND r.attempts > 0" : " AND r.state IN (0, 1, 2) AND r.attempts = 0");
        }

        if (filter.Destination is { } destination)
        {
            And("r.lane IN (SELECT id FROM lanes WHERE destination = ?)", DestinationName.OfDomain(destination));
        }

        AndText("r.path = ? COLLATE NOCASE", filter.ForwardPath);
        AndText("m.reverse_path = ? COLLATE NOCASE", filter.ReversePath);
        AndText("m.sender_domain = ?", filter.SenderDomain?.ToLowerInvariant());
        AndText("m.stream = ?", filter.Stream);
        AndText("m.custom_id = ?", filter.CustomId);
        AndText($"r.message IN (SELECT message FROM labels WHERE name = '{MessageRow.TagName}' AND value = ?)", filter.Tag);
        if (filter.Metadata is { } field)
        {
            int name = Add(MessageRow.MetadataPrefix + field.Key);
            int value = Add(field.Value);
            _where.Append(CultureInfo.InvariantCulture, $" AND r.message IN (SELECT message FROM labels WHERE name = ?{name} AND value = ?{value})");
        }

        if (filter.Text is { } text)
        {
            int part = Add(text);
            _where.Append(CultureInfo.InvariantCulture,
                $" AND (instr(lower(m.subject), lower(?{part})) OR instr(lower(m.header_from), lower(?{part})) OR instr(lower(m.reverse_path), lower(?{part})) OR instr(lower(r.path), lower(?{part})))");
        }

        if (filter.From is { } from)
        {
            And("r.message >= ?", MessageId.FirstKey(from));
        }

        if (filter.To is { } to)
        {
            And("r.message < ?", MessageId.FirstKey(to));
        }
    }

    /// <summary>Goes on behind a place.</summary>
    internal void After(QueueCursor cursor, bool newestFirst)
    {
        int key = Add(cursor.MessageId.Key);
        int index = Add((long)cursor.RecipientIndex);
        _where.Append(CultureInfo.InvariantCulture, $" AND (r.message, r.idx) {(newestFirst ? '<' : '>')} (?{key}, ?{index})");
    }

    /// <summary>The condition.</summary>
    internal string Where => _where.ToString();

    /// <summary>Gives a statement of the condition its values.</summary>
    internal Statement Bind(Statement statement)
    {
        for (int i = 0; i < _values.Count; i++)
        {
            _ = _values[i] is long number ? statement.Bind(i + 1, number) : statement.Bind(i + 1, (string)_values[i]);
        }

        return statement;
    }

    private int Add(object value)
    {
        _values.Add(value);
        return _values.Count;
    }

    private void AndText(string condition, string? value)
    {
        if (value is not null)
        {
            And(condition, value);
        }
    }

    private void And(string condition, object value) =>
        _where.Append(" AND ").Append(condition.Replace("?", $"?{Add(value).ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal));
}
