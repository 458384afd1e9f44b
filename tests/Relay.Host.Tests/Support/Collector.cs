using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Relay.Host.Tests;

/// <summary>A collector of OTLP over gRPC or HTTP that keeps what it is sent.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly bool _isGrpc;
    private readonly ConcurrentQueue<(string Kind, byte[] Body)> _bodies = new();
    private readonly SemaphoreSlim _arrived = new(0);

    private Collector(bool isGrpc)
    {
        _isGrpc = isGrpc;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = isGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    internal string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    internal static async Task<Collector> StartAsync(bool isGrpc)
    {
        var collector = new Collector(isGrpc);
        await collector._app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    /// <summary>All that came of a kind: metrics, traces or logs.</summary>
    internal byte[] All(string kind) => [.. _bodies.Where(b => b.Kind == kind).SelectMany(b => b.Body)];

    /// <summary>Waits for a text in what came of a kind.</summary>
    internal async Task<string> UntilAsync(string kind, string text, CancellationToken cancellationToken)
    {
        while (true)
        {
            string all = Encoding.Latin1.GetString(All(kind));
            if (all.Contains(text, StringComparison.Ordinal))
            {
                return all;
            }

            await _arrived.WaitAsync(cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        _bodies.Enqueue((KindOf(context.Request.Path.Value!), body.ToArray()));
        _arrived.Release();
        if (!_isGrpc)
        {
            context.Response.ContentType = "application/x-protobuf";
            return;
        }

        // An empty message behind its five octets of length, and the status behind that.
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static string KindOf(string path) => path switch
    {
        "/v1/metrics" or "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => "metrics",
        "/v1/traces" or "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => "traces",
        "/v1/logs" or "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => "logs",
        _ => path,
    };
}
