using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>
/// Reads lists of <c>NAME=VALUE</c>, and beside them <c>envFrom</c>, which names where a secret value is (sealer ignores it). Of
/// a name that is there twice the last one counts, as in sealer; in files of sealer up to 0.8 it is a list.
/// </summary>
internal static class EnvironmentReader
{
    /// <returns>Each name once, with the node of its entry.</returns>
    public static List<(EnvironmentVariable Variable, YamlNode Node)> Read(Fields fields, string name, ReadContext context)
    {
        var taken = new Taken(context);
        // Documentation of sealer shows a map too.
        if (fields.Value(name) is YamlMapping)
        {
            foreach (var (key, value) in fields.TextMap(name, SecretNames.Contains))
                taken.Add(key, key.Value, value.Value);
        }
        else
        {
            foreach (var item in fields.Texts(name) ?? [])
            {
                var equals = item.Value.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0)
                    taken.Add(item, item.Value[..equals].Trim(), item.Value[(equals + 1)..]);
                else
                    context.Error(item, $"{fields.Place}.{name}: an entry has no name in front of a '='; write NAME=VALUE");
            }
        }

        if (fields.Map(name + "From") is { } from)
        {
            foreach (var variable in from.Names)
                taken.AddFrom(from, variable);
            from.Finish();
        }

        return taken.Variables;
    }

    private sealed class Taken(ReadContext context)
    {
        // A place that was taken back stays empty, so that nothing is searched for and nothing moves.
        private readonly List<(EnvironmentVariable Variable, YamlNode Node)?> _result = [];
        private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

        public List<(EnvironmentVariable Variable, YamlNode Node)> Variables => [.. _result.OfType<(EnvironmentVariable, YamlNode)>()];

        public void Add(YamlNode node, string name, string value)
        {
            if (!IsName(node, name))
                return;
            if (value.Contains('\0', StringComparison.Ordinal))
            {
                context.Error(node, $"the value of {name} holds a NUL character");
                return;
            }

            var isThere = _places.TryGetValue(name, out var before);
            if (context.HasLists && (isThere || value.Contains(';', StringComparison.Ordinal)))
            {
                var items = value.Split(';').AsEnumerable();
                if (isThere)
                    items = _result[before]!.Value.Variable.RevealItems().Concat(items);
                else
                    context.Warning(node, $"{Quoting.Quote(name)} is a list, as sealer up to 0.8 read it; under apiVersion: sealer.io/v2 it is text");
                Put(name, EnvironmentVariable.List(name, items), node);
                return;
            }

            if (isThere)
                context.Warning(node, $"{Quoting.Quote(name)} is set in line {_result[before]!.Value.Node.Line} already; the last one counts");
            Put(name, new EnvironmentVariable(name, value), node);
        }

        public void AddFrom(Fields from, string name)
        {
            var node = from.At(name);
            if (from.Map(name) is not { } source)
            {
                if (from.Value(name) is null)
                    context.Error(node, $"{from.Place}.{name} takes either env: NAME or file: PATH");
                return;
            }

            if (!IsName(node, name))
                return;
            if (ClusterEnvironment.ReservedNames.Contains(name) || NetworkReader.Names.Contains(name))
                context.Error(node, $"{name} is no secret, and must be known to whoever reads this file; write it into env");
            else if (_places.TryGetValue(name, out var before))
                context.Error(node, $"{Quoting.Quote(name)} is set in line {_result[before]!.Value.Node.Line} already; keep one");
            else if (SecretReader.ReadFrom(source, context) is { } secret)
                Put(name, new EnvironmentVariable(name, secret), node);
        }

        private bool IsName(YamlNode node, string name)
        {
            if (name.Any(c => char.IsControl(c) || c is ' ' or '$' or '`' or '"' or '\'' or ';' or '&' or '|' or '<' or '>' or '(' or ')' or '\\'))
            {
                context.Error(node, $"{Quoting.Quote(name)} is not the name of a variable; letters, digits and _ make one");
                return false;
            }

            if (!Names.IsVariable(name))
                context.Warning(node, $"{Quoting.Quote(name)} cannot be a variable of a shell; templates see it, scripts do not");
            return true;
        }

        private void Put(string name, EnvironmentVariable variable, YamlNode node)
        {
            if (_places.TryGetValue(name, out var before))
                _result[before] = null;
            _places[name] = _result.Count;
            _result.Add((variable, node));
        }
    }
}
