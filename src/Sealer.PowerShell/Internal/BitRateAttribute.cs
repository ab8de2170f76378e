using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace Sealer.PowerShell;

/// <summary>Lets a rate be given as a number of bits per second or as text ("20mbit"); the units are powers of 1000, as of links.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed partial class BitRateAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        if ((inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is not string text)
            return inputData;
        var match = Pattern().Match(text);
        if (!match.Success)
            throw new ArgumentTransformationMetadataException($"'{text}' is not a rate. Write a number and a unit, for example 20mbit or 1.5gbit.");
        var value = decimal.Parse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        for (var i = match.Groups["unit"].Length == 0 ? 0 : 1 + "kmgt".IndexOf(char.ToLowerInvariant(match.Groups["unit"].ValueSpan[0])); i > 0; i--)
            value *= 1000;
        return (long)value;
    }

    [GeneratedRegex(@"^\s*(?<number>[0-9]{1,6}(\.[0-9]{1,6})?|[0-9]{1,15})\s*(?<unit>[kmgt])?(bit|bps|bit/s)?\s*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
