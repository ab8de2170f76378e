namespace Sealer.Clusterfiles.Documents;

/// <summary>What a taint does to pods that do not tolerate it.</summary>
public enum TaintEffect
{
    /// <summary>They are not scheduled here.</summary>
    NoSchedule,

    /// <summary>They are scheduled here only where there is no other place.</summary>
    PreferNoSchedule,

    /// <summary>They are not scheduled here, and those that run are evicted.</summary>
    NoExecute,
}

/// <summary>A taint to set on a node, or one to take away.</summary>
/// <param name="Key">A qualified name, for example <c>node-role.kubernetes.io/control-plane</c>.</param>
/// <param name="Value">Its value; empty where there is none.</param>
/// <param name="Effect">What it does; null only where every taint of the key is taken away.</param>
/// <param name="IsRemoval">True of <c>key-</c> and <c>key:Effect-</c>.</param>
public sealed record Taint(string Key, string Value, TaintEffect? Effect, bool IsRemoval = false)
{
    /// <summary>As it is written in a Clusterfile, and as kubectl takes it.</summary>
    public override string ToString() =>
        Key + (Value.Length > 0 ? "=" + Value : "") + (Effect is { } effect ? ":" + effect : "") + (IsRemoval ? "-" : "");
}
