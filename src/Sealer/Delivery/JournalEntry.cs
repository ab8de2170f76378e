using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Delivery;

/// <summary>What a line of a journal tells.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JournalEvent>))]
public enum JournalEvent
{
    /// <summary>A controller begins with the plan, or goes on with it.</summary>
    Begun,

    /// <summary>A step is about to be done.</summary>
    StepStarted,

    /// <summary>A step is done and was verified.</summary>
    StepFinished,

    /// <summary>A step was found done when it was looked at.</summary>
    StepFound,

    /// <summary>A step failed.</summary>
    StepFailed,

    /// <summary>All steps are done.</summary>
    Finished,
}

/// <summary>A line of a journal: a fact that is never taken back.</summary>
/// <param name="Token">Under which claim on the cluster it was written.</param>
/// <param name="Number">Its place among the lines of that claim, from 1.</param>
/// <param name="Time">By the controller's clock.</param>
/// <param name="Event">What happened.</param>
/// <param name="Step">The step, or null.</param>
/// <param name="Host">The step's host, or null.</param>
/// <param name="Detail">Who began, or why it failed.</param>
public sealed record JournalEntry(long Token, int Number, DateTimeOffset Time, JournalEvent Event, string? Step, string? Host, string? Detail)
{
    private const int SumLength = 16;

    /// <summary>The line: a digest, a blank, and the entry as JSON, which has no line break in it.</summary>
    internal string ToLine()
    {
        var json = JsonSerializer.Serialize(this, JournalJson.Default.JournalEntry);
        return $"{Sum(json)} {json}";
    }

    /// <summary>The entry of a line; null where it is not whole.</summary>
    internal static JournalEntry? Parse(string line)
    {
        if (line.Length <= SumLength || line[SumLength] != ' ' || line[..SumLength] != Sum(line[(SumLength + 1)..]))
            return null;
        try
        {
            return JsonSerializer.Deserialize(line[(SumLength + 1)..], JournalJson.Default.JournalEntry);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Sum(string json) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(json)))[..SumLength].ToLowerInvariant();
}

/// <summary>How entries are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JournalEntry))]
internal sealed partial class JournalJson : JsonSerializerContext;
