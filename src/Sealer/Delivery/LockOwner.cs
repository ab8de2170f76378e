using System.Globalization;

namespace Sealer.Delivery;

/// <summary>Who has, or had, a cluster's lock.</summary>
/// <param name="Name">As <c>alice@laptop</c>.</param>
/// <param name="Process">Number of its process there.</param>
/// <param name="Since">When it took the lock, by the clock of the host that keeps it.</param>
/// <param name="Token">The claim's number.</param>
/// <param name="Age">Since when it has not renewed it.</param>
public sealed record LockOwner(string Name, int Process, DateTimeOffset Since, long Token, TimeSpan Age)
{
    // Of the year 9999.
    private const long LastSecond = 253_402_300_799;

    /// <summary>As <c>alice@laptop (process 4711, since 2026-11-23 15:04:05Z)</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{PlainText.Of(Name)} (process {Process}, since {Since.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z)");

    /// <summary>What a host says of it, or null where that is not what a controller wrote there.</summary>
    /// <param name="token">The claim's number.</param>
    /// <param name="age">In seconds.</param>
    /// <param name="since">In seconds since 1970.</param>
    /// <param name="process">The words of a <see cref="ControllerProcess"/>.</param>
    internal static LockOwner? Of(string token, string age, string since, string[] process) =>
        ControllerProcess.Parse(string.Join(' ', process)) is { } who && Seconds(since) is { } taken && Seconds(age) is { } idle
            && long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? new LockOwner(who.Name, who.Id, DateTimeOffset.FromUnixTimeSeconds(taken), number, TimeSpan.FromSeconds(idle))
        : null;

    private static long? Seconds(string word) =>
        long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= LastSecond ? seconds : null;
}
