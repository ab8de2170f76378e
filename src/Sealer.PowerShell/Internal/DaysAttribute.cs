using System.Globalization;
using System.Management.Automation;

namespace Sealer.PowerShell;

/// <summary>Lets a time be given as a number of days; PowerShell itself takes a bare number for ten millionths of a second.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DaysAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var given = inputData is PSObject shown ? shown.BaseObject : inputData;
        double? days = given switch
        {
            int or long or double or decimal => Convert.ToDouble(given, CultureInfo.InvariantCulture),
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
            _ => null,
        };
        return days is null ? inputData
            : days > 0 && days < TimeSpan.MaxValue.TotalDays ? TimeSpan.FromDays(days.Value)
            : throw new ArgumentTransformationMetadataException($"{days} is no number of days that certificates can be good for. Give one like 365, or 36500 for a hundred years.");
    }
}
