using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Relay.Http;

/// <summary>What the OpenAPI document says besides the endpoints.</summary>
internal static class ApiDocument
{
    private const string Scheme = "key";

    internal static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Relay API",
                Version = "v1",
                Description = "Send mail, and see what became of it. A message that was answered with 202 is on disk. Problems are told as RFC 9457 says, with the fields that are wrong.",
            };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key." };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<ApiGate.Demand>().FirstOrDefault() is { } demand)
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
                operation.Description = $"{operation.Description} Needs the scope {KeyStore.Names(demand.Scope)[0]}.".TrimStart();
                operation.Responses ??= [];
                foreach ((string status, string what) in (ReadOnlySpan<(string, string)>)[("400", "The request or its query cannot be read."), ("401", "A key is needed."), ("403", "The key does not allow this."), ("429", "The key's rate is used up.")])
                {
                    operation.Responses.TryAdd(status, new OpenApiResponse { Description = what });
                }
            }

            foreach (string name in context.Description.ActionDescriptor.EndpointMetadata.OfType<QueryParameters>().SelectMany(taken => taken.Names))
            {
                (operation.Parameters ??= []).Add(Parameter(name));
            }

            return Task.CompletedTask;
        });
    }

    private static OpenApiParameter Parameter(string name) => name == QueryParameters.Metadata
        ? new OpenApiParameter
        {
            Name = "metadata",
            In = ParameterLocation.Query,
            Style = ParameterStyle.DeepObject,
            Description = "One value, as metadata[KEY]=VALUE.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String } },
        }
        : new OpenApiParameter
        {
            Name = name,
            In = ParameterLocation.Query,
            Schema = new OpenApiSchema { Type = name == "limit" ? JsonSchemaType.Integer : JsonSchemaType.String },
        };
}
