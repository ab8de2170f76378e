namespace Sealer.Delivery;

/// <summary>Who has, or had, a cluster's lock.</summary>
/// <param name="Name">As <c>alice@laptop</c>.</param>
/// <param name="Process">Number of its process there.</param>
/// <param name="Since">When it took the lock, by the clock of the host that keeps it.</param>
/// <param name="Token">The claim's number.</param>
/// <param name="Age">Since when it has not renewed it.</param>
public sealed record LockOwner(string Name, int Process, DateTimeOffset Since, long Token, TimeSpan Age)
{
    /// <summary>As <c>alice@laptop (process 4711, since 2026-11-23 15:04:05Z)</c>.</summary>
    public override string ToString() => $"{PlainText.Of(Name)} (process {Process}, since {Since.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z)";
}
