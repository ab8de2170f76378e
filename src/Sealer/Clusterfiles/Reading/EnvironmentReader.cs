using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads lists of <c>NAME=VALUE</c>; of a name that is there twice the last one counts, as in sealer.</summary>
internal static class EnvironmentReader
{
    /// <returns>Each name once, with the node of its entry.</returns>
    public static List<(EnvironmentVariable Variable, YamlNode Node)> Read(Fields fields, string name, ReadContext context)
    {
        // A place that was taken back stays empty, so that nothing is searched for and nothing moves.
        var result = new List<(EnvironmentVariable Variable, YamlNode Node)?>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        // Documentation of sealer shows a map too.
        if (fields.Value(name) is YamlMapping)
        {
            foreach (var (key, value) in fields.TextMap(name))
                Add(key, key.Value, value.Value);
            return Taken();
        }

        foreach (var item in fields.Texts(name) ?? [])
        {
            var equals = item.Value.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                Add(item, item.Value[..equals].Trim(), item.Value[(equals + 1)..]);
            else
                context.Error(item, $"{fields.Place}.{name}: an entry has no name in front of a '='; write NAME=VALUE");
        }

        return Taken();

        List<(EnvironmentVariable Variable, YamlNode Node)> Taken() => [.. result.Where(entry => entry is not null).Select(entry => entry!.Value)];

        void Add(YamlNode node, string variable, string value)
        {
            if (variable.Any(c => char.IsControl(c) || c is ' ' or '$' or '`' or '"' or '\'' or ';' or '&' or '|' or '<' or '>' or '(' or ')' or '\\'))
            {
                context.Error(node, $"{Quoting.Quote(variable)} is not the name of a variable; letters, digits and _ make one");
                return;
            }

            if (value.Contains('\0', StringComparison.Ordinal))
            {
                context.Error(node, $"the value of {variable} holds a NUL character");
                return;
            }

            if (!Names.IsVariable(variable))
                context.Warning(node, $"{Quoting.Quote(variable)} cannot be a variable of a shell; templates see it, scripts do not");
            if (places.TryGetValue(variable, out var before))
            {
                context.Warning(node, $"{Quoting.Quote(variable)} is set in line {result[before]!.Value.Node.Line} already; the last one counts");
                result[before] = null;
            }

            places[variable] = result.Count;
            result.Add((new EnvironmentVariable(variable, value), node));
        }
    }
}
