using System.Reflection;
using System.Reflection.Emit;

namespace Smtp.Core.Tests;

/// <summary>Small assemblies that use one thing, to see that the checker finds it.</summary>
internal static class SampleAssembly
{
    /// <summary>An assembly with one type that has one field.</summary>
    public static MemoryStream WithField(Type fieldType) =>
        Build(type => type.DefineField("_field", fieldType, FieldAttributes.Private));

    /// <summary>An assembly with one method that calls another.</summary>
    public static MemoryStream Calling(MethodInfo callee) => Build(type =>
    {
        ILGenerator body = type.DefineMethod("Caller", MethodAttributes.Static, typeof(void), Type.EmptyTypes).GetILGenerator();
        body.Emit(OpCodes.Call, callee);
        if (callee.ReturnType != typeof(void))
        {
            body.Emit(OpCodes.Pop);
        }

        body.Emit(OpCodes.Ret);
    });

    private static MemoryStream Build(Action<TypeBuilder> define)
    {
        var assembly = new PersistedAssemblyBuilder(new AssemblyName("Sample"), typeof(object).Assembly);
        TypeBuilder type = assembly.DefineDynamicModule("Sample").DefineType("Sample.Type", TypeAttributes.Public);
        define(type);
        type.CreateType();
        var stream = new MemoryStream();
        assembly.Save(stream);
        stream.Position = 0;
        return stream;
    }
}
