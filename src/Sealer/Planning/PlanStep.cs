using System.Text.Json.Serialization;

namespace Sealer.Planning;

/// <summary>One thing to be done on one host. It is checked before and verified after.</summary>
public sealed record PlanStep
{
    /// <summary>A digest of kind, host and payload: the same step has the same in every plan.</summary>
    public required string Id { get; init; }

    /// <summary>The host's address.</summary>
    public required string Host { get; init; }

    /// <summary>What is done, for people.</summary>
    public required string What { get; init; }

    /// <summary>Why: what was found.</summary>
    public required string Why { get; init; }

    /// <summary>Bytes that the host gets.</summary>
    public long Bytes { get; init; }

    /// <summary>What it may break.</summary>
    public PlanRisk Risk { get; init; }

    /// <summary>How long it may take.</summary>
    public TimeSpan Estimate { get; init; }

    /// <summary>The part of the delivery it belongs to, as <c>content</c> or <c>pre-install</c>.</summary>
    public required string Phase { get; init; }

    /// <summary>Steps that must have succeeded before.</summary>
    public IReadOnlyList<string> DependsOn { get; init => field = Listed.Of(value); } = [];

    /// <summary>Phases whose steps must all have succeeded before.</summary>
    public IReadOnlyList<string> DependsOnPhases { get; init => field = Listed.Of(value); } = [];

    /// <summary>Phases whose steps must all have ended before, however they ended.</summary>
    public IReadOnlyList<string> AfterPhases { get; init => field = Listed.Of(value); } = [];

    /// <summary>What the handler of its kind needs.</summary>
    public required StepPayload Payload { get; init; }

    /// <summary>As <c>content</c>, <c>host-aliases</c>, <c>plugin</c>.</summary>
    [JsonIgnore]
    public string Kind => Payload.Kind;

    /// <inheritdoc/>
    public override string ToString() => $"{Host}: {What}";
}
