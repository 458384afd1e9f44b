using System.Buffers;

namespace Smtp.Core.Tests;

/// <summary>What a test does with the octets that are there: consume what it can, slice it off, and leave the rest.</summary>
/// <param name="input">The unread octets.</param>
internal delegate void WireStep(ref ReadOnlySequence<byte> input);
