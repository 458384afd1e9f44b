namespace Relay.Spool;

/// <summary>The suppressions of a <see cref="SqliteSpool"/>.</summary>
internal sealed class SuppressionList(SpoolWriter writer, ReaderPool readers) : ISuppressionList
{
    public ValueTask<Suppression?> FindAsync(string address, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(readers.Read(connection =>
        {
            Statement row = connection[$"SELECT {SuppressionRow.Columns} FROM suppressions WHERE address = ?1"].Bind(1, SuppressionRow.KeyOf(address));
            Suppression? found = row.Step() ? SuppressionRow.Read(row) : null;
            row.Reset();
            return found;
        }));

    public async ValueTask AddAsync(IReadOnlyList<Suppression> suppressions, CancellationToken cancellationToken = default) =>
        await RunAsync(w =>
        {
            foreach (Suppression suppression in suppressions)
            {
                SuppressionRow.Add(w.Connection, suppression);
            }

            return true;
        }).ConfigureAwait(false);

    public async ValueTask<bool> RemoveAsync(string address, CancellationToken cancellationToken = default) =>
        await RunAsync(w => w.Connection["DELETE FROM suppressions WHERE address = ?1"].Bind(1, SuppressionRow.KeyOf(address)).Execute() > 0).ConfigureAwait(false);

    public ValueTask<IReadOnlyList<Suppression>> ListAsync(string? after = null, int maximum = 100, CancellationToken cancellationToken = default) =>
        readers.ReadAsync<IReadOnlyList<Suppression>>(
            connection =>
            {
                List<Suppression> page = [];
                Statement rows = connection[$"SELECT {SuppressionRow.Columns} FROM suppressions WHERE address > ?1 ORDER BY address LIMIT ?2"]
                    .Bind(1, SuppressionRow.KeyOf(after ?? string.Empty)).Bind(2, maximum);
                while (rows.Step())
                {
                    page.Add(SuppressionRow.Read(rows));
                }

                return page;
            },
            cancellationToken);

    private Task<bool> RunAsync(Func<SpoolWriter, bool> run)
    {
        var item = new DelegateItem<bool>(run);
        writer.Add(item);
        return item.Done;
    }
}
