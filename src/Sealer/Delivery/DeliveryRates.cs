using System.Text.Json;
using System.Text.Json.Serialization;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>What was measured at deliveries to a cluster, for the next estimate.</summary>
internal static class DeliveryRates
{
    // Less than this says more of the round trips than of the link.
    private const long Enough = 16 << 20;
    private const string Name = "rates.json";

    /// <summary>What is known; a guess where nothing is, or where it cannot be read: it is an estimate only.</summary>
    public static PlanRates Read(SealerHome home, string cluster)
    {
        try
        {
            var path = Path.Combine(home.Clusters, cluster, Name);
            var rate = File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), RatesJson.Default.MeasuredRate)?.BytesPerSecond : null;
            return rate is > 0 and < 1e12 ? new PlanRates { BytesPerSecond = rate.Value } : new PlanRates();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return new PlanRates();
        }
    }

    /// <summary>Keeps what a delivery's content took.</summary>
    public static void Keep(SealerHome home, string cluster, IEnumerable<StepResult> steps)
    {
        var measured = steps.Where(step => step is { Status: StepStatus.Done, Kind: ContentPayload.KindName, Bytes: > Enough, Duration.TotalSeconds: > 0 })
            .Select(step => step.Bytes / step.Duration.TotalSeconds).Order().ToList();
        if (measured.Count == 0)
            return;
        try
        {
            File.WriteAllBytes(
                Path.Combine(home.Clusters, cluster, Name),
                JsonSerializer.SerializeToUtf8Bytes(new MeasuredRate(measured[measured.Count / 2]), RatesJson.Default.MeasuredRate));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next estimate is a guess.
        }
    }
}

/// <summary>The file.</summary>
/// <param name="BytesPerSecond">Of one host, the median of a delivery.</param>
internal sealed record MeasuredRate(double BytesPerSecond);

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MeasuredRate))]
internal sealed partial class RatesJson : JsonSerializerContext;
