using System.Reflection;

namespace Sealer.Help;

/// <summary>A cmdlet as its attributes describe it.</summary>
/// <param name="Name">Verb-Noun.</param>
/// <param name="Type">Its class.</param>
/// <param name="ShouldProcess">True where it takes -WhatIf and -Confirm.</param>
/// <param name="DefaultSet">Name of the default parameter set, or null.</param>
/// <param name="Parameters">In the order they are declared, base classes last.</param>
/// <param name="Outputs">What it returns.</param>
internal sealed record Cmdlet(
    string Name,
    Type Type,
    bool ShouldProcess,
    string? DefaultSet,
    IReadOnlyList<Parameter> Parameters,
    IReadOnlyList<Type> Outputs)
{
    public string Verb => Name[..Name.IndexOf('-', StringComparison.Ordinal)];

    public string Noun => Name[(Verb.Length + 1)..];
}

/// <summary>A parameter, with its role in each parameter set.</summary>
/// <param name="Property">Its property.</param>
/// <param name="Roles">One a parameter set.</param>
/// <param name="Aliases">Other names.</param>
/// <param name="Default">What is taken where it is not given, in words; null for nothing.</param>
/// <param name="Values">The values there are, where they are few.</param>
internal sealed record Parameter(
    PropertyInfo Property,
    IReadOnlyList<Role> Roles,
    IReadOnlyList<string> Aliases,
    string? Default,
    IReadOnlyList<string> Values)
{
    public string Name => Property.Name;

    public bool IsSwitch => Property.PropertyType.Name == "SwitchParameter";

    public string TypeName => NameOf(Property.PropertyType);

    public Role? RoleIn(string? set) => Roles.FirstOrDefault(role => role.Set is null || role.Set == set);

    private static string NameOf(Type type)
    {
        if (type.IsArray)
            return NameOf(type.GetElementType()!) + "[]";
        return type.IsGenericType && type.Name.StartsWith("Nullable", StringComparison.Ordinal)
            ? NameOf(type.GetGenericArguments()[0])
            : type.Name;
    }
}

/// <summary>A [Parameter] attribute.</summary>
/// <param name="Set">The parameter set, or null for all.</param>
/// <param name="Mandatory">Must be given.</param>
/// <param name="Position">From 0, or null for by name only.</param>
/// <param name="ByValue">Takes pipeline input.</param>
/// <param name="ByPropertyName">Takes a property of pipeline input.</param>
internal sealed record Role(string? Set, bool Mandatory, int? Position, bool ByValue, bool ByPropertyName)
{
    public string PipelineInput => (ByValue, ByPropertyName) switch
    {
        (true, true) => "True (ByValue, ByPropertyName)",
        (true, false) => "True (ByValue)",
        (false, true) => "True (ByPropertyName)",
        _ => "False",
    };
}
