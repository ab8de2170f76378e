namespace Sealer.PowerShell;

/// <summary>What a cmdlet puts into the information stream as an object; the build makes it known by name, as what is returned.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class InformationTypeAttribute(Type type) : Attribute
{
    /// <summary>The type of MessageData.</summary>
    public Type Type { get; } = type;
}
