using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Smtp.Core.Tests;

/// <summary>Smtp.Core is sans-I/O: bytes in, bytes and effects out. Nothing in it waits, reads a clock, logs or touches a thread.</summary>
public class ArchitectureTests
{
    [Fact]
    public void The_core_uses_no_task_stream_socket_clock_logger_or_thread()
    {
        using FileStream assembly = File.OpenRead(typeof(LineReader).Assembly.Location);
        Assert.Empty(ForbiddenApis.In(assembly));
    }

    [Fact]
    public void The_core_references_the_framework_only() =>
        Assert.All(
            typeof(LineReader).Assembly.GetReferencedAssemblies(),
            assembly => Assert.StartsWith("System.", assembly.Name, StringComparison.Ordinal));

    public static TheoryData<Type> ForbiddenTypes =>
    [
        typeof(Task), typeof(Task<int>), typeof(ValueTask), typeof(ValueTask<int>), typeof(CancellationToken),
        typeof(AsyncTaskMethodBuilder), typeof(AsyncValueTaskMethodBuilder<int>),
        typeof(Thread), typeof(ThreadPool), typeof(Timer), typeof(Lock), typeof(Monitor), typeof(SemaphoreSlim),
        typeof(Stream), typeof(MemoryStream), typeof(File), typeof(Console), typeof(Socket), typeof(SslStream),
        typeof(Stopwatch), typeof(TimeProvider), typeof(ActivitySource), typeof(Meter),
    ];

    [Theory]
    [MemberData(nameof(ForbiddenTypes))]
    public void The_checker_finds_a_forbidden_type(Type type)
    {
        using MemoryStream assembly = SampleAssembly.WithField(type);
        string name = type.IsGenericType ? type.GetGenericTypeDefinition().FullName! : type.FullName!;
        Assert.Contains(name, ForbiddenApis.In(assembly));
    }

    public static TheoryData<MethodInfo> ForbiddenMembers =>
    [
        Getter(typeof(DateTime), nameof(DateTime.Now)),
        Getter(typeof(DateTime), nameof(DateTime.UtcNow)),
        Getter(typeof(DateTime), nameof(DateTime.Today)),
        Getter(typeof(DateTimeOffset), nameof(DateTimeOffset.Now)),
        Getter(typeof(DateTimeOffset), nameof(DateTimeOffset.UtcNow)),
        Getter(typeof(Environment), nameof(Environment.TickCount)),
        Getter(typeof(Environment), nameof(Environment.TickCount64)),
    ];

    [Theory]
    [MemberData(nameof(ForbiddenMembers))]
    public void The_checker_finds_a_forbidden_member(MethodInfo member)
    {
        using MemoryStream assembly = SampleAssembly.Calling(member);
        Assert.Equal([$"{member.DeclaringType!.FullName}.{member.Name}"], ForbiddenApis.In(assembly));
    }

    [Fact]
    public void The_checker_finds_a_task_that_is_only_returned_by_a_callee()
    {
        MethodInfo callee = typeof(ArchitectureTests).GetMethod(nameof(ReturnsTask), BindingFlags.NonPublic | BindingFlags.Static)!;
        using MemoryStream assembly = SampleAssembly.Calling(callee);
        Assert.Equal(["System.Threading.Tasks.Task"], ForbiddenApis.In(assembly));
    }

    [Theory]
    [InlineData(typeof(DateTime))]
    [InlineData(typeof(Interlocked))]
    [InlineData(typeof(System.Net.IPAddress))]
    [InlineData(typeof(System.Buffers.ReadOnlySequence<byte>))]
    public void The_checker_leaves_the_rest_alone(Type type)
    {
        using MemoryStream assembly = SampleAssembly.WithField(type);
        Assert.Empty(ForbiddenApis.In(assembly));
    }

    [Fact]
    public void The_checker_sees_this_assembly_s_own_sins()
    {
        using FileStream assembly = File.OpenRead(typeof(ArchitectureTests).Assembly.Location);
        IReadOnlyList<string> found = ForbiddenApis.In(assembly);
        Assert.Contains("System.IO.FileStream", found);
        Assert.Contains("System.Threading.Tasks.Task", found);
        Assert.DoesNotContain("System.DateTime.get_UtcNow", found);
    }

    private static Task ReturnsTask() => Task.CompletedTask;

    private static MethodInfo Getter(Type type, string property) => type.GetProperty(property)!.GetMethod!;
}
