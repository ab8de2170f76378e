using System.Collections;
using System.Management.Automation;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Sealer.PowerShell.Tests;

/// <summary>Lists in what cmdlets return are looked into with <c>[0]</c>, whoever filled them.</summary>
public sealed class ListTests
{
    [Fact]
    public void Every_list_in_what_a_cmdlet_returns_can_be_indexed()
    {
        using var session = new Session();
        var returned = session.Run("Get-Command -Module Sealer").SelectMany(c => ((CmdletInfo)c.BaseObject).OutputType).Select(o => o.Type).OfType<Type>();
        var wrong = new List<string>();
        foreach (var property in Closure(returned).SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)))
        {
            if (ItemOf(property.PropertyType) is not { } item || property.SetMethod is not { IsPublic: true } set || property.DeclaringType!.IsAbstract)
                continue;
            // What the compiler makes of [.. items], whose indexer PowerShell does not see.
            var given = typeof(ListTests).GetMethod(nameof(Spread), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(item).Invoke(null, null);
            var owner = RuntimeHelpers.GetUninitializedObject(property.DeclaringType);
            set.Invoke(owner, [given]);
            var kept = property.GetValue(owner)!.GetType();
            if (!kept.IsArray && !(kept.IsGenericType && kept.GetGenericTypeDefinition() == typeof(List<>)))
                wrong.Add($"{property.DeclaringType.FullName}.{property.Name}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static IReadOnlyList<T> Spread<T>() => [.. Enumerable.Repeat(default(T)!, 2)];

    private static HashSet<Type> Closure(IEnumerable<Type> types)
    {
        var known = new HashSet<Type>();
        var open = new Stack<Type>(types);
        while (open.TryPop(out var type))
        {
            type = type.IsArray ? type.GetElementType()! : type;
            foreach (var argument in type.GetGenericArguments())
                open.Push(argument);
            if (type.Namespace?.StartsWith("Sealer", StringComparison.Ordinal) != true || type.IsEnum || !known.Add(type))
                continue;
            foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
                open.Push(property.PropertyType);
        }

        return known;
    }

    private static Type? ItemOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) && typeof(IEnumerable).IsAssignableFrom(type)
            ? type.GetGenericArguments()[0]
            : null;
}
