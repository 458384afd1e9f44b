using Microsoft.Extensions.DependencyInjection;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>Gives each message a service scope and a sink of its own, until it is committed or dropped.</summary>
internal sealed class ScopedMessageSink(IServiceScopeFactory scopes, Func<IServiceProvider, IMessageSink> get) : IMessageSink
{
    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions
    {
        get
        {
            // Read once, at start. A scope that has only what is disposed asynchronously cannot be disposed otherwise.
            AsyncServiceScope scope = scopes.CreateAsyncScope();
            SmtpExtensions extensions = get(scope.ServiceProvider).SupportedExtensions;
            ValueTask disposal = scope.DisposeAsync();
            if (!disposal.IsCompletedSuccessfully)
            {
                disposal.AsTask().GetAwaiter().GetResult();
            }

            return extensions;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        AsyncServiceScope scope = scopes.CreateAsyncScope();
        IMessageWriter? writer = null;
        try
        {
            MessageOpening opening = await get(scope.ServiceProvider).OpenAsync(session, envelope, cancellationToken).ConfigureAwait(false);
            writer = opening.Writer;
            return writer switch
            {
                null => opening,
                ILmtpMessageWriter lmtp => MessageOpening.Accept(new LmtpWriter(scope, lmtp)),
                _ => MessageOpening.Accept(new Writer(scope, writer)),
            };
        }
        finally
        {
            if (writer is null)
            {
                await scope.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private class Writer(AsyncServiceScope scope, IMessageWriter inner) : IMessageWriter
    {
        public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) => inner.WriteAsync(chunk, cancellationToken);

        public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
        {
            await using (scope.ConfigureAwait(false))
            {
                return await inner.CommitAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        public async ValueTask AbortAsync()
        {
            await using (scope.ConfigureAwait(false))
            {
                await inner.AbortAsync().ConfigureAwait(false);
            }
        }
    }

    private sealed class LmtpWriter(AsyncServiceScope scope, ILmtpMessageWriter inner) : Writer(scope, inner), ILmtpMessageWriter
    {
        private readonly AsyncServiceScope _scope = scope;

        public async ValueTask CommitAsync(Memory<SmtpReply> replies, CancellationToken cancellationToken)
        {
            await using (_scope.ConfigureAwait(false))
            {
                await inner.CommitAsync(replies, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
