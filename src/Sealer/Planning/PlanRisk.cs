using System.Text.Json.Serialization;

namespace Sealer.Planning;

/// <summary>What a step may break where it goes wrong.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PlanRisk>))]
public enum PlanRisk
{
    /// <summary>Nothing that anybody uses: it adds what was not there.</summary>
    None,

    /// <summary>It changes files of this cluster's own.</summary>
    Low,

    /// <summary>It changes the host's own settings, or runs what somebody else wrote.</summary>
    Medium,

    /// <summary>It interrupts what runs.</summary>
    High,
}
