using System.Globalization;
using System.Xml.Linq;

namespace Sealer.Help;

/// <summary>
/// PowerShell's help format (MAML) out of the cmdlets' documentation: summary is the synopsis, remarks the description,
/// a property's summary its parameter's text, example an example. What has no text is a problem.
/// </summary>
internal sealed class HelpDocument(Documentation docs, IReadOnlyList<Cmdlet> cmdlets, List<string> problems)
{
    private static readonly XNamespace Msh = "http://msh";
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    public XDocument Write()
    {
        foreach (var cmdlet in cmdlets)
        {
            docs.Names[Documentation.IdOf(cmdlet.Type)] = cmdlet.Name;
            foreach (var parameter in cmdlet.Parameters)
                docs.Names[Documentation.IdOf(parameter.Property)] = "-" + parameter.Name;
        }

        return new XDocument(
            new XDeclaration("1.0", "utf-8", null),
            new XElement(Msh + "helpItems", new XAttribute("schema", "maml"), cmdlets.Select(Write)));
    }

    private XElement Write(Cmdlet cmdlet)
    {
        var id = Documentation.IdOf(cmdlet.Type);
        var synopsis = Required(docs.Paragraphs(id, "summary"), $"{cmdlet.Name} has no summary.");
        var description = docs.Paragraphs(id, "remarks");
        var examples = docs.Elements(id, "example");
        if (examples.Count == 0)
            problems.Add($"{cmdlet.Name} has no example.");
        if (cmdlet.Outputs.Count == 0 && docs.Elements(id, "returns").Count == 0)
            problems.Add($"{cmdlet.Name} has no [OutputType].");
        return new XElement(
            Command + "command",
            new XAttribute(XNamespace.Xmlns + "maml", Maml),
            new XAttribute(XNamespace.Xmlns + "command", Command),
            new XAttribute(XNamespace.Xmlns + "dev", Dev),
            new XElement(
                Command + "details",
                new XElement(Command + "name", cmdlet.Name),
                new XElement(Command + "verb", cmdlet.Verb),
                new XElement(Command + "noun", cmdlet.Noun),
                new XElement(Maml + "description", Para([string.Join(' ', synopsis)]))),
            new XElement(Maml + "description", Para(description.Count > 0 ? description : synopsis)),
            new XElement(Command + "syntax", Sets(cmdlet).Select(set => Syntax(cmdlet, set))),
            new XElement(Command + "parameters", cmdlet.Parameters.OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => Describe(cmdlet, p)), Common(cmdlet)),
            new XElement(Command + "inputTypes", Inputs(cmdlet)),
            new XElement(Command + "returnValues", Outputs(cmdlet)),
            new XElement(Command + "examples", examples.Select((example, i) => Example(cmdlet, example, i + 1))),
            new XElement(Command + "relatedLinks", Links(cmdlet)));
    }

    private static IEnumerable<string?> Sets(Cmdlet cmdlet)
    {
        var sets = cmdlet.Parameters.SelectMany(p => p.Roles).Select(role => role.Set).OfType<string>().Distinct().ToList();
        return sets.Count == 0 ? [null] : sets.OrderBy(set => set == cmdlet.DefaultSet ? 0 : 1);
    }

    private static XElement Syntax(Cmdlet cmdlet, string? set)
    {
        var parameters =
            from parameter in cmdlet.Parameters
            let role = parameter.RoleIn(set)
            where role is not null
            orderby role.Position ?? int.MaxValue, role.Mandatory descending
            select Element(parameter, role, []);
        return new XElement(Command + "syntaxItem", new XElement(Maml + "name", cmdlet.Name), parameters, Common(cmdlet));
    }

    private static XElement Element(Parameter parameter, Role role, IReadOnlyList<string> description)
    {
        var value = new XElement(
            Command + "parameterValue",
            new XAttribute("required", !parameter.IsSwitch),
            new XAttribute("variableLength", false),
            parameter.TypeName);
        return new XElement(
            Command + "parameter",
            new XAttribute("required", role.Mandatory),
            new XAttribute("variableLength", parameter.Property.PropertyType.IsArray),
            new XAttribute("globbing", false),
            new XAttribute("pipelineInput", role.PipelineInput),
            new XAttribute("position", role.Position?.ToString(CultureInfo.InvariantCulture) ?? "named"),
            new XAttribute("aliases", parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases)),
            new XElement(Maml + "name", parameter.Name),
            new XElement(Maml + "description", Para(description)),
            parameter.Values.Count == 0
                ? null
                : new XElement(Command + "parameterValueGroup", parameter.Values.Select(v => new XElement(Command + "parameterValue", new XAttribute("required", false), new XAttribute("variableLength", false), v))),
            parameter.IsSwitch ? null : value,
            new XElement(Dev + "type", new XElement(Maml + "name", parameter.TypeName), new XElement(Maml + "uri")),
            new XElement(Dev + "defaultValue", parameter.Default ?? (parameter.IsSwitch ? "False" : "None")));
    }

    private static IEnumerable<XElement> Common(Cmdlet cmdlet) => !cmdlet.ShouldProcess
        ? []
        :
        [
            Switch("WhatIf", "wi", "Shows what would happen. Nothing is changed."),
            Switch("Confirm", "cf", "Asks before anything is changed."),
        ];

    private static XElement Switch(string name, string alias, string text) => new(
        Command + "parameter",
        new XAttribute("required", false),
        new XAttribute("variableLength", false),
        new XAttribute("globbing", false),
        new XAttribute("pipelineInput", "False"),
        new XAttribute("position", "named"),
        new XAttribute("aliases", alias),
        new XElement(Maml + "name", name),
        new XElement(Maml + "description", Para([text])),
        new XElement(Dev + "type", new XElement(Maml + "name", "SwitchParameter"), new XElement(Maml + "uri")),
        new XElement(Dev + "defaultValue", "False"));

    private static IEnumerable<XElement> Para(IEnumerable<string> paragraphs) =>
        paragraphs.Select(text => new XElement(Maml + "para", text));

    private static XElement TypeElement(string element, string type, IEnumerable<string> description) => new(
        Command + element,
        new XElement(Dev + "type", new XElement(Maml + "name", type)),
        new XElement(Maml + "description", Para(description)));

    private XElement Describe(Cmdlet cmdlet, Parameter parameter)
    {
        var text = Required(
            docs.Paragraphs(Documentation.IdOf(parameter.Property), "summary"),
            $"{cmdlet.Name} -{parameter.Name} has no summary.");
        return Element(parameter, parameter.Roles[0], text);
    }

    private IEnumerable<XElement> Inputs(Cmdlet cmdlet)
    {
        var inputs = cmdlet.Parameters.Where(p => p.Roles.Any(role => role.ByValue)).ToList();
        return inputs.Count == 0
            ? [TypeElement("inputType", "None", ["Takes no pipeline input by value."])]
            : inputs.Select(p => TypeElement("inputType", p.TypeName, docs.Paragraphs(Documentation.IdOf(p.Property), "summary")));
    }

    private IEnumerable<XElement> Outputs(Cmdlet cmdlet)
    {
        var returns = docs.Paragraphs(Documentation.IdOf(cmdlet.Type), "returns");
        return cmdlet.Outputs.Count == 0
            ? [TypeElement("returnValue", "None", returns)]
            : cmdlet.Outputs.Select(type => TypeElement(
                "returnValue", type.FullName!, returns.Count > 0 ? returns : docs.Paragraphs(Documentation.IdOf(type), "summary")));
    }

    private XElement Example(Cmdlet cmdlet, XElement example, int number)
    {
        var code = example.Elements("code").Select(Documentation.Code).ToList();
        if (code.Count == 0)
            problems.Add($"{cmdlet.Name}: example {number} has no <code>.");
        // The rest run in the tests on the engine alone.
        var needsMore = example.Elements("code").Any(element => element.Attribute("pwsh") is not null) ? " (needs all of PowerShell)" : "";
        var words = new XElement(example);
        words.Elements("code").Remove();
        return new XElement(
            Command + "example",
            new XElement(Maml + "title", $"--------------- Example {number}{needsMore} ---------------"),
            new XElement(Dev + "code", string.Join('\n', code)),
            new XElement(Dev + "remarks", Para(Required(docs.Paragraphs(words), $"{cmdlet.Name}: example {number} has no words."))));
    }

    private IEnumerable<XElement> Links(Cmdlet cmdlet) =>
        docs.Elements(Documentation.IdOf(cmdlet.Type), "seealso")
            .Select(link => string.Concat(docs.Paragraphs(new XElement("p", link))))
            .Concat(["about_Sealer", "about_Sealer_Commands"])
            .Select(text => new XElement(Maml + "navigationLink", new XElement(Maml + "linkText", text), new XElement(Maml + "uri")));

    private IReadOnlyList<string> Required(IReadOnlyList<string> paragraphs, string problem)
    {
        if (paragraphs.Count == 0)
            problems.Add(problem);
        return paragraphs;
    }
}
