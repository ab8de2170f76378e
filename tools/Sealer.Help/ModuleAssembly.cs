using System.Reflection;

namespace Sealer.Help;

/// <summary>The cmdlets' assembly, looked at and never run.</summary>
internal sealed class ModuleAssembly : IDisposable
{
    private const string Attributes = "System.Management.Automation.";

    private readonly MetadataLoadContext _context;
    private readonly Assembly _assembly;

    private ModuleAssembly(MetadataLoadContext context, Assembly assembly)
    {
        _context = context;
        _assembly = assembly;
    }

    public static ModuleAssembly Load(string path, IReadOnlyList<string> references)
    {
        var context = new MetadataLoadContext(new PathAssemblyResolver([path, .. references]));
        return new ModuleAssembly(context, context.LoadFromAssemblyPath(path));
    }

    public void Dispose() => _context.Dispose();

    public IReadOnlyList<Cmdlet> ReadCmdlets() =>
    [
        .. from type in _assembly.GetExportedTypes()
           where !type.IsAbstract
           let attribute = Find(type.CustomAttributes, "CmdletAttribute")
           where attribute is not null
           let cmdlet = Read(type, attribute)
           orderby cmdlet.Noun, cmdlet.Verb
           select cmdlet,
    ];

    /// <summary>
    /// The types a user meets: what cmdlets take, return and tell, what their properties lead to, what the cmdlets' assembly has
    /// beside cmdlets, and the engine's exception.
    /// </summary>
    public IReadOnlyList<string> PublicTypes(IReadOnlyList<Cmdlet> cmdlets, List<string> problems)
    {
        var types = new Dictionary<string, Type>(StringComparer.Ordinal);
        var names = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase);
        var waiting = new Queue<Type>(cmdlets.SelectMany(cmdlet => cmdlet.Outputs.Concat(cmdlet.Parameters.Select(p => p.Property.PropertyType))));
        foreach (var told in cmdlets.SelectMany(cmdlet => cmdlet.Type.CustomAttributes).Where(a => a.AttributeType.Name == "InformationTypeAttribute"))
            waiting.Enqueue((Type)told.ConstructorArguments[0].Value!);
        if (_context.LoadFromAssemblyName("Sealer").GetType("Sealer.SealerException") is { } exception)
            waiting.Enqueue(exception);
        foreach (var type in _assembly.GetExportedTypes().Where(type => type.GetProperty("MyInvocation") is null))
            waiting.Enqueue(type);
        while (waiting.TryDequeue(out var type))
        {
            foreach (var argument in type.GetGenericArguments())
                waiting.Enqueue(argument);
            if (type.HasElementType)
                waiting.Enqueue(type.GetElementType()!);
            if (type.IsGenericType || type.HasElementType || type.IsNested || !IsOurs(type) || !types.TryAdd(type.FullName!, type))
                continue;
            if (!names.TryAdd(type.Name, type))
                problems.Add($"[Sealer.{type.Name}] could be {names[type.Name].FullName} or {type.FullName}: rename one.");
            foreach (var property in type.GetProperties())
                waiting.Enqueue(property.PropertyType);
        }

        return [.. types.Values.Select(type => $"{type.Assembly.GetName().Name}\t{type.FullName}").Order(StringComparer.Ordinal)];
    }

    private static bool IsOurs(Type type) => type.Assembly.GetName().Name is "Sealer" or "Sealer.PowerShell";

    private static Cmdlet Read(Type type, CustomAttributeData attribute)
    {
        var outputs =
            from output in type.CustomAttributes
            where output.AttributeType.FullName == Attributes + "OutputTypeAttribute"
            from argument in output.ConstructorArguments
            from value in argument.Value as IReadOnlyCollection<CustomAttributeTypedArgument> ?? [argument]
            let returned = value.Value as Type
            where returned is not null
            select returned;
        return new Cmdlet(
            $"{attribute.ConstructorArguments[0].Value}-{attribute.ConstructorArguments[1].Value}",
            type,
            Named(attribute, "SupportsShouldProcess") is true,
            Named(attribute, "DefaultParameterSetName") as string,
            [.. type.GetProperties().Select(Read).OfType<Parameter>()],
            [.. outputs.Distinct()]);
    }

    private static Parameter? Read(PropertyInfo property)
    {
        var attributes = property.CustomAttributes.ToList();
        var roles = attributes.Where(a => a.AttributeType.FullName == Attributes + "ParameterAttribute").Select(ReadRole).ToList();
        if (roles.Count == 0)
            return null;
        var aliases = Find(attributes, "AliasAttribute")?.ConstructorArguments[0].Value as IEnumerable<CustomAttributeTypedArgument> ?? [];
        return new Parameter(
            property,
            roles,
            [.. aliases.Select(alias => (string)alias.Value!)],
            Find(attributes, "PSDefaultValueAttribute") is { } value ? Named(value, "Help") as string : null,
            ValuesOf(property.PropertyType));
    }

    private static Role ReadRole(CustomAttributeData attribute) => new(
        Named(attribute, "ParameterSetName") as string,
        Named(attribute, "Mandatory") is true,
        Named(attribute, "Position") as int?,
        Named(attribute, "ValueFromPipeline") is true,
        Named(attribute, "ValueFromPipelineByPropertyName") is true);

    private static string[] ValuesOf(Type type)
    {
        type = type.IsArray ? type.GetElementType()! : type.IsGenericType ? type.GetGenericArguments()[0] : type;
        return type.IsEnum ? [.. type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.Name)] : [];
    }

    private static CustomAttributeData? Find(IEnumerable<CustomAttributeData> attributes, string name) =>
        attributes.FirstOrDefault(attribute => attribute.AttributeType.FullName == Attributes + name);

    private static object? Named(CustomAttributeData attribute, string name) =>
        attribute.NamedArguments.FirstOrDefault(argument => argument.MemberName == name).TypedValue.Value;
}
