using System.Text;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>What a final delivery puts in front of a message: <c>Return-Path:</c> and <c>Received:</c> (RFC 5321 §4.4).</summary>
internal static class DeliveryFields
{
    /// <summary>Makes the fields, each with its CRLF, in UTF-8.</summary>
    internal static byte[] Create(SmtpSessionContext session, Envelope envelope, string hostName, DateTimeOffset now) =>
        [.. Encoding.UTF8.GetBytes($"Return-Path: <{envelope.ReversePath}>\r\n"), .. TraceField.CreateReceived(session, envelope, hostName, now)];
}
