using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relay.Spool;
using Scalar.AspNetCore;
using Smtp.Server;

namespace Relay.Http;

/// <summary>The service: its database, its background work, and Kestrel. Make it first, as the SMTP server asks it for credentials; start it when the spool runs.</summary>
public sealed class RelayHttp : IAsyncDisposable
{
    // The reference page's own script stands in the page; whatever it would ask of another host, the browser does not.
    private const string ReferencePolicy =
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromMinutes(1);

    private readonly HttpSettings _settings;
    private readonly ISpool _spool;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;
    private readonly HttpStore _store;
    private readonly KeyStore _keys;
    private readonly KeyRates _rates;
    private readonly IdempotencyStore _idempotency;
    private readonly WebhookStore _webhooks;
    private readonly FigureStore _figures;
    private readonly HttpClient _webhookClient;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _logger;
    private WebApplication? _app;
    private volatile bool _isDraining;
    private Task _background = Task.CompletedTask;

    private RelayHttp(HttpSettings settings, ISpool spool, HttpStore store, ILoggerFactory loggers, TimeProvider time)
    {
        _settings = settings;
        _spool = spool;
        _store = store;
        _loggers = loggers;
        _time = time;
        _logger = loggers.CreateLogger("Relay.Http");
        _keys = new KeyStore(store, settings.BootstrapKey, time);
        _rates = new KeyRates(settings.RequestsPerSecond, time);
        _idempotency = new IdempotencyStore(store, time);
        _webhooks = new WebhookStore(store, time);
        _figures = new FigureStore(store);
        _webhookClient = WebhookSender.CreateClient(settings.WebhooksToPrivateAddresses);
    }

    /// <summary>Where it listens; null before the start.</summary>
    public IPEndPoint? EndPoint { get; private set; }

    /// <summary>The text of the first key, if this start made it: shown once, and kept nowhere. Null otherwise.</summary>
    public string? FirstKey { get; private set; }

    /// <summary>Opens the database and reads the keys; makes the first key if there is none that can manage the service.</summary>
    /// <param name="settings">What to do.</param>
    /// <param name="spool">The spool that it stands on.</param>
    /// <param name="loggers">Where its logs go.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">The database was written by a newer version.</exception>
    public static async Task<RelayHttp> OpenAsync(HttpSettings settings, ISpool spool, ILoggerFactory loggers, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(spool);
        var http = new RelayHttp(settings, spool, HttpStore.Open(Path.Combine(settings.DataPath, "http.db")), loggers, time);
        if (!http._keys.HasManager)
        {
            (_, http.FirstKey) = await http._keys.CreateAsync("First key", KeyScopes.Manage, [], null).ConfigureAwait(false);
        }

        return http;
    }

    /// <summary>Whether a text can be <c>Relay:Http:BootstrapKey</c>: 16 to 256 printable ASCII characters without spaces.</summary>
    public static bool IsBootstrapKey(string text) => KeyStore.IsBootstrapKey(text);

    /// <summary>An authenticator that knows the keys, and asks another for what is none of them.</summary>
    public ISmtpAuthenticator Authenticator(ISmtpAuthenticator? others) => new KeyAuthenticator(_keys, others);

    /// <summary>Reads tags, metadata and custom ids from submissions, takes their fields off, and holds keys to their sender domains.</summary>
    public ISubmissionFilter Filter => new LabelFilter(_keys, _logger);

    /// <summary>A policy that holds keys to their sender domains and rates, and asks another for the rest.</summary>
    public IEnvelopePolicy Policy(IEnvelopePolicy others) => new KeyPolicy(_keys, _rates, others);

    /// <summary>Starts to listen, and the background work.</summary>
    /// <exception cref="IOException">The address is taken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        _app = Build();
        await _app.StartAsync(cancellationToken).ConfigureAwait(false);
        string address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        var uri = new Uri(address);
        EndPoint = new IPEndPoint(_settings.Listen.Address, uri.Port);
        var reader = _app.Services.GetRequiredService<FigureReader>();
        var dispatcher = new WebhookDispatcher(_spool, _webhooks, new WebhookSender(_webhookClient, _time), _time, _logger);
        _background = Task.WhenAll(
            Task.Run(() => reader.RunAsync(_stopping.Token), CancellationToken.None),
            Task.Run(() => dispatcher.RunAsync(_stopping.Token), CancellationToken.None),
            Task.Run(UpkeepAsync, CancellationToken.None));
    }

    /// <summary>
    /// The relay is about to stop: it is alive, and no more ready, so that load balancers send nothing more. What comes in all the same is taken, and waits in
    /// the spool.
    /// </summary>
    public void BeginDrain() => _isDraining = true;

    /// <summary>Stops to listen, lets requests end, and stops the background work.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_app is not null)
        {
            await _app.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _background.ConfigureAwait(false);
    }

    /// <summary>Stops and gives everything back.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (_app is not null)
        {
            await _app.DisposeAsync().ConfigureAwait(false);
        }

        await _keys.SaveUseAsync(CancellationToken.None).ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
        _keys.Dispose();
        _webhookClient.Dispose();
        _stopping.Dispose();
    }

    private WebApplication Build()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = typeof(RelayHttp).Assembly.GetName().Name });
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(_loggers);
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, string.Empty);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(_settings.Listen);
            kestrel.AddServerHeader = false;

            // A message of the largest size whose attachments are in Base64 once more, and JSON around it.
            kestrel.Limits.MaxRequestBodySize = (_settings.Limits.MaximumMessageSize * 3 / 2) + (1024 * 1024);
        });
        Register(builder.Services);
        WebApplication app = builder.Build();
        ApiGate gate = app.Services.GetRequiredService<ApiGate>();
        app.Use(ErrorsAsync);
        app.Use(SecurityHeadersAsync);
        app.UseRouting();
        app.Use(gate.InvokeAsync);
        Map(app);
        return app;
    }

    private void Register(IServiceCollection services)
    {
        services.AddSingleton(_time);
        services.AddSingleton(_settings);
        services.AddSingleton(_spool);
        services.AddSingleton(_keys);
        services.AddSingleton(_rates);
        services.AddSingleton(_idempotency);
        services.AddSingleton(_webhooks);
        services.AddSingleton(_figures);
        services.AddSingleton(new MessageComposer(_settings.Limits));
        services.AddSingleton(new TemplateStore(_store, _time));
        services.AddSingleton(new TemplateRenderer());
        services.AddSingleton(new Tracker(TrackingKey(), PublicUrl));
        services.AddSingleton(new FigureReader(_spool, _figures, _time, _logger));
        services.AddSingleton<ApiGate>();
        services.AddSingleton<MessageSender>();
        services.AddSingleton<RawMessageReader>();
        services.AddSingleton<MessageQueries>();
        services.AddSingleton<MessagesApi>();
        services.AddSingleton<StatsApi>();
        services.AddSingleton<SuppressionsApi>();
        services.AddSingleton<TemplatesApi>();
        services.AddSingleton<WebhooksApi>();
        services.AddSingleton<KeysApi>();
        services.AddSingleton<QueueApi>();
        services.AddSingleton<TrackingEndpoints>();
        services.AddSingleton<Inbox>();
        services.AddSingleton<PageSessions>();
        services.AddSingleton<SignInLimiter>();
        services.AddSingleton<PageGate>();
        services.AddSingleton<MailPages>();
        services.AddSingleton<AdminPages>();
        services.AddRazorComponents();

        // The components ask for it; nothing that it protects outlives this process.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.ConfigureHttpJsonOptions(json =>
        {
            // The document's schemas are made of these; answers are written by HttpJson itself.
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, HttpJson.Default);
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        });
        services.AddOpenApi("v1", ApiDocument.Configure);
    }

    /// <summary>What the store's failure is in detail is for the log, and not for everybody who can ask.</summary>
    private IResult Ready() => _isDraining ? Results.Text("draining", statusCode: StatusCodes.Status503ServiceUnavailable)
        : _spool.Failure is not null ? Results.Text("the store fails", statusCode: StatusCodes.Status503ServiceUnavailable)
        : Results.Text("ready");

    private void Map(WebApplication app)
    {
        RouteGroupBuilder api = app.MapGroup("/v1");
        app.MapGet("/health/live", () => Results.Text("live")).ExcludeFromDescription();
        app.MapGet("/health/ready", Ready).ExcludeFromDescription();
        app.Services.GetRequiredService<MessagesApi>().Map(api);
        app.Services.GetRequiredService<StatsApi>().Map(api);
        app.Services.GetRequiredService<SuppressionsApi>().Map(api);
        app.Services.GetRequiredService<TemplatesApi>().Map(api);
        app.Services.GetRequiredService<WebhooksApi>().Map(api);
        app.Services.GetRequiredService<KeysApi>().Map(api);
        app.Services.GetRequiredService<QueueApi>().Map(api);
        app.Services.GetRequiredService<TrackingEndpoints>().Map(app);
        app.Services.GetRequiredService<MailPages>().Map(app);
        app.Services.GetRequiredService<AdminPages>().Map(app);
        PageAssets.Map(app);
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapScalarApiReference("/reference", reference =>
        {
            reference.Title = "Relay API";
            reference.OpenApiRoutePattern = "/openapi/{documentName}.json";

            // Nothing of the page comes from another host.
            reference.DefaultFonts = false;
            reference.Telemetry = false;
            reference.Agent = new ScalarAgentOptions { Disabled = true };
            reference.Mcp = new ScalarMcpOptions { Disabled = true };
        });
    }

    private Uri PublicUrl() => _settings.PublicUrl ?? new Uri($"http://{EndPoint}");

    private byte[] TrackingKey() => _store.WriteAsync((connection, transaction) =>
    {
        transaction.Run("INSERT OR IGNORE INTO secrets (name, value) VALUES ('tracking', $1)", RandomNumberGenerator.GetBytes(32));
        using var command = connection.Command("SELECT value FROM secrets WHERE name = 'tracking'");
        command.Transaction = transaction;
        return (byte[])command.ExecuteScalar()!;
    }).GetAwaiter().GetResult();

    private async Task ErrorsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            if (context.Request.Headers.ContentEncoding is [{ } coding] && !coding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            {
                context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            }
            else
            {
                await next(context).ConfigureAwait(false);
            }

            if (!context.Response.HasStarted && context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal) && Problem.OfStatus(context.Response.StatusCode) is { } answer)
            {
                await answer.ExecuteAsync(context).ConfigureAwait(false);
            }
        }
        catch (BadHttpRequestException error) when (!context.Response.HasStarted)
        {
            Problem problem = error.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? Problem.TooLarge((_settings.Limits.MaximumMessageSize * 3 / 2) + (1024 * 1024))
                : new Problem("/problems/bad-request", "The request cannot be read.", error.StatusCode, error.Message);
            await problem.ExecuteAsync(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer.
        }
        catch (SpoolException error) when (!context.Response.HasStarted)
        {
            HttpLog.RequestFailed(_logger, error, context.Request.Method, context.Request.Path);
            await Problem.Unavailable("The store fails; see the log of the relay.").ExecuteAsync(context).ConfigureAwait(false);
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            HttpLog.RequestFailed(_logger, error, context.Request.Method, context.Request.Path);
            await new Problem("/problems/internal", "Something went wrong.", StatusCodes.Status500InternalServerError, "See the log of the relay.")
                .ExecuteAsync(context).ConfigureAwait(false);
        }
    }

    private static Task SecurityHeadersAsync(HttpContext context, RequestDelegate next)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        if (context.Request.Path.StartsWithSegments("/reference", StringComparison.OrdinalIgnoreCase))
        {
            headers.ContentSecurityPolicy = ReferencePolicy;
        }

        return next(context);
    }

    private async Task UpkeepAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(UpkeepEvery, _time, _stopping.Token).ConfigureAwait(false);
                await _keys.SaveUseAsync(_stopping.Token).ConfigureAwait(false);
                await _idempotency.PurgeAsync(_stopping.Token).ConfigureAwait(false);
                await _webhooks.PurgeAsync(_stopping.Token).ConfigureAwait(false);
                await _figures.PurgeAsync(_time.GetUtcNow(), _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                HttpLog.UpkeepFailed(_logger, error);
            }
        }
    }
}
