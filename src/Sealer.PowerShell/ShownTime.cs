using System.Globalization;

namespace Sealer.PowerShell;

/// <summary>Times as the module's tables show them.</summary>
public static class ShownTime
{
    /// <summary>As <c>0.3 s</c>, <c>40 s</c>, <c>12 min</c>.</summary>
    /// <param name="time">How long something takes.</param>
    public static string Of(TimeSpan time) => time.TotalSeconds < 10
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s")
        : time.TotalSeconds < 100
            ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s")
            : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min");
}
