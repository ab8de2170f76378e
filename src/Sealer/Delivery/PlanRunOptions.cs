namespace Sealer.Delivery;

/// <summary>How a plan is carried out.</summary>
public sealed record PlanRunOptions
{
    /// <summary>How many steps are done at once.</summary>
    public int ThrottleLimit { get; init; } = HostAccess.DefaultThrottleLimit;

    /// <summary>How long the check or the verification of a step may take.</summary>
    public TimeSpan CheckTimeout { get; init; } = TimeSpan.FromMinutes(15);
}
