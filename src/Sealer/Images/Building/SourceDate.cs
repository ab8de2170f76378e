using System.Globalization;

namespace Sealer.Images.Building;

/// <summary>The convention of reproducible builds: nothing is newer than <c>SOURCE_DATE_EPOCH</c>.</summary>
internal static class SourceDate
{
    public const string Variable = "SOURCE_DATE_EPOCH";

    /// <summary>What the environment says, or null.</summary>
    /// <exception cref="SealerException"><c>InvalidSourceDate</c>.</exception>
    public static DateTimeOffset? FromEnvironment()
    {
        var text = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(text))
            return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 253_402_300_799)
            return DateTimeOffset.FromUnixTimeSeconds(seconds);
        throw new SealerException(
            "InvalidSourceDate",
            ErrorKind.InvalidInput,
            $"{Variable} is '{text}'; it must be seconds since 1970, for example 1700000000.",
            text);
    }

    /// <summary>The time in whole seconds, no later than the limit and no earlier than 1970.</summary>
    public static DateTimeOffset Clamp(DateTimeOffset time, DateTimeOffset? limit)
    {
        var seconds = Math.Max(0, time.ToUnixTimeSeconds());
        if (limit is { } most)
            seconds = Math.Min(seconds, most.ToUnixTimeSeconds());
        return DateTimeOffset.FromUnixTimeSeconds(seconds);
    }

    /// <inheritdoc cref="Clamp(DateTimeOffset, DateTimeOffset?)"/>
    public static DateTimeOffset Clamp(DateTime utc, DateTimeOffset? limit) => Clamp(new DateTimeOffset(utc, TimeSpan.Zero), limit);
}
