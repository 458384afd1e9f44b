using DnsClient;
using DnsClient.Protocol;

namespace Relay.Delivery;

/// <summary>Asks name servers, and follows aliases where they do not.</summary>
internal sealed class DnsLookup
{
    // As long as any chain that is not a mistake.
    private const int MaximumAliases = 8;

    private readonly LookupClient _client;

    /// <summary>Makes a lookup.</summary>
    /// <param name="options">Where to ask and how long to wait.</param>
    internal DnsLookup(DnsSettings options)
    {
        LookupClientOptions client = options.Servers.Count > 0 ? new LookupClientOptions([.. options.Servers]) : new LookupClientOptions();
        client.Timeout = options.Timeout;
        client.Retries = options.Retries;
        client.ThrowDnsErrors = false;

        // An empty answer is an answer; another server is asked where one cannot tell.
        client.ContinueOnEmptyResponse = false;

        // The resolver caches what it makes of answers, by its own clock.
        client.UseCache = false;
        client.UseRandomNameServer = false;
        _client = new LookupClient(client);
    }

    /// <summary>Asks for the records of a name.</summary>
    /// <param name="name">The name in A-labels.</param>
    /// <param name="type">The type of records.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async Task<DnsAnswer> AskAsync(string name, QueryType type, CancellationToken cancellationToken)
    {
        string asked = name;
        for (int i = 0; i <= MaximumAliases; i++)
        {
            IDnsQueryResponse response;
            try
            {
                response = await _client.QueryAsync(asked, type, QueryClass.IN, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is DnsResponseException or DnsXidMismatchException or ArgumentException or InvalidOperationException)
            {
                return error is ArgumentException
                    ? new DnsAnswer(DnsOutcome.NoSuchName, [], string.Empty)
                    : new DnsAnswer(DnsOutcome.Failed, [], Describe(asked, type, error.Message));
            }

            switch (response.Header.ResponseCode)
            {
                case DnsHeaderResponseCode.NoError:
                    break;
                case DnsHeaderResponseCode.NotExistentDomain:
                    return new DnsAnswer(DnsOutcome.NoSuchName, [], string.Empty);
                default:
                    return new DnsAnswer(DnsOutcome.Failed, [], Describe(asked, type, response.Header.ResponseCode.ToString()));
            }

            if (response.Answers.Any(r => (int)r.RecordType == (int)type))
            {
                return new DnsAnswer(DnsOutcome.Answered, response.Answers, string.Empty);
            }

            // RFC 1034 §3.6.2: the alias stands for its target. A server that knows only its own zones leaves the rest to the asker.
            if (Target(response.Answers, asked) is not { } target)
            {
                return new DnsAnswer(DnsOutcome.Answered, [], string.Empty);
            }

            asked = target;
        }

        return new DnsAnswer(DnsOutcome.Failed, [], Describe(name, type, "more aliases than are followed"));
    }

    private static string Describe(string name, QueryType type, string problem) => $"{name} {type}: {problem}";

    private static string? Target(IReadOnlyList<DnsResourceRecord> answers, string name)
    {
        string? target = null;
        string current = name.TrimEnd('.');
        for (int i = 0; i <= MaximumAliases; i++)
        {
            if (answers.OfType<CNameRecord>().FirstOrDefault(c => Same(c.DomainName, current)) is not { } alias)
            {
                return target;
            }

            current = target = alias.CanonicalName.Value.TrimEnd('.');
        }

        return target;
    }

    private static bool Same(DnsString name, string other) => name.Value.AsSpan().TrimEnd('.').Equals(other, StringComparison.OrdinalIgnoreCase);
}
