using Sealer.Clusterfiles.Documents;

namespace Sealer.Clusterfiles.Reading;

/// <summary>
/// Reads <c>key=value:Effect</c>, <c>key:Effect</c>, <c>key=:Effect</c>, <c>key-</c> and <c>key[=value]:Effect-</c>. Only a
/// dash at the very end takes away; sealer takes every dash for one and so makes nothing of
/// <c>node-role.kubernetes.io/master=:NoSchedule</c>.
/// </summary>
internal static class TaintReader
{
    public static Taint? Parse(string text, out string reason)
    {
        reason = "";
        var rest = text.Trim();
        var isRemoval = rest.EndsWith('-');
        if (isRemoval)
            rest = rest[..^1];
        TaintEffect? effect = null;
        var colon = rest.LastIndexOf(':');
        if (colon >= 0)
        {
            var word = rest[(colon + 1)..];
            if (!Enum.GetNames<TaintEffect>().Contains(word))
            {
                reason = $"{Quoting.Quote(word)} is not an effect of a taint{Quoting.DidYouMean(word, Enum.GetNames<TaintEffect>())}; there are NoSchedule, PreferNoSchedule and NoExecute";
                return null;
            }

            effect = Enum.Parse<TaintEffect>(word);
            rest = rest[..colon];
        }
        else if (!isRemoval)
        {
            reason = $"{Quoting.Quote(text)} is not a taint; write key=value:Effect, key:Effect, or key- to take one away";
            return null;
        }

        var equals = rest.IndexOf('=', StringComparison.Ordinal);
        var (key, value) = equals < 0 ? (rest, "") : (rest[..equals], rest[(equals + 1)..]);
        if (!Names.IsQualified(key) || !Names.IsLabelValue(value))
        {
            reason = $"{Quoting.Quote(text)} is not a taint: {(Names.IsQualified(key) ? $"its value {Quoting.Quote(value)}" : $"its key {Quoting.Quote(key)}")} holds what Kubernetes does not allow";
            return null;
        }

        return new Taint(key, value, effect, isRemoval);
    }
}
