namespace Relay.Http;

/// <summary>What is wrong with one field of a request.</summary>
/// <param name="Field">The field as a path into the JSON document, such as <c>to[2]</c> or <c>attachments[0].content</c>; a parameter's or header's name otherwise.</param>
/// <param name="Message">What is wrong and what is allowed; a sentence.</param>
public sealed record FieldError(string Field, string Message);
