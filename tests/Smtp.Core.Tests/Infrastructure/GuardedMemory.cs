using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Smtp.Core.Tests;

/// <summary>One page of memory between two that cannot be read. Linux only.</summary>
internal sealed class GuardedMemory : IDisposable
{
    private const int ReadWrite = 3;
    private const int None = 0;
    private const int PrivateAnonymous = 0x22;

    private readonly nint _pages;

    internal GuardedMemory()
    {
        int page = Environment.SystemPageSize;
        _pages = mmap(0, 3 * page, None, PrivateAnonymous, -1, 0);
        Assert.NotEqual(-1, _pages);
        Assert.Equal(0, mprotect(_pages + page, page, ReadWrite));
    }

    internal Span<byte> Octets =>
        MemoryMarshal.CreateSpan(ref Unsafe.AddByteOffset(ref Unsafe.NullRef<byte>(), _pages + Environment.SystemPageSize), Environment.SystemPageSize);

    public void Dispose() => Assert.Equal(0, munmap(_pages, 3 * Environment.SystemPageSize));

    [DllImport("libc", SetLastError = true)]
    private static extern nint mmap(nint address, nint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", SetLastError = true)]
    private static extern int mprotect(nint address, nint length, int protection);

    [DllImport("libc", SetLastError = true)]
    private static extern int munmap(nint address, nint length);
}
