using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Planning;

/// <summary>A plan as JSON: versioned, with digests that tell whether somebody has edited it, and where.</summary>
public static class PlanFile
{
    private const int MaxLength = 256 * 1024 * 1024;

    /// <summary>Writes a plan.</summary>
    public static byte[] Write(Plan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return JsonSerializer.SerializeToUtf8Bytes(
            new PlanDocument(Plan.CurrentVersion, plan.Digest, [.. plan.Steps.Select(SumOf)], plan), PlanJson.Readable.PlanDocument);
    }

    /// <summary>Writes a plan to disk: as a whole or not at all, readable by its owner only.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="path">Where.</param>
    /// <param name="overwrite">A file that is there may be replaced.</param>
    /// <exception cref="SealerException"><c>PlanNotWritten</c>, <c>PlanExists</c>.</exception>
    public static void Save(Plan plan, string path, bool overwrite)
    {
        ArgumentNullException.ThrowIfNull(path);
        var partial = $"{path}.{Guid.NewGuid():n}.partial";
        try
        {
            var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(partial, create))
            {
                stream.Write(Write(plan));
                stream.Flush(flushToDisk: true);
            }

            if (!overwrite && File.Exists(path))
                throw new SealerException("PlanExists", ErrorKind.Conflict, $"There is a file '{path}' already. Choose another path, or replace it with -Force.", path);
            File.Move(partial, path, overwrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealerException("PlanNotWritten", ErrorKind.ResourceUnavailable, $"The plan cannot be written to '{path}': {e.Message} Choose a folder that is there and that you may write to.", path, e);
        }
        finally
        {
            if (File.Exists(partial))
                File.Delete(partial);
        }
    }

    /// <summary>Reads a plan from disk.</summary>
    /// <exception cref="SealerException"><c>PlanNotFound</c>, <c>PlanUnreadable</c>, and those of <see cref="Read"/>.</exception>
    public static Plan Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxLength })
                throw Unreadable(path, "it is too large");
            return Read(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SealerException("PlanNotFound", ErrorKind.NotFound, $"There is no plan at '{path}'. Export-ClusterPlan writes one.", path, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>Reads a plan, and refuses one that was edited.</summary>
    /// <param name="json">What <see cref="Write"/> wrote.</param>
    /// <param name="name">What it is called in errors.</param>
    /// <exception cref="SealerException"><c>PlanUnreadable</c>, <c>PlanVersionNotSupported</c>, <c>PlanEdited</c>.</exception>
    public static Plan Read(ReadOnlySpan<byte> json, string name)
    {
        var text = json.StartsWith("\uFEFF"u8) ? json[3..] : json;
        PlanDocument? document;
        try
        {
            var reader = new Utf8JsonReader(text);
            var version = JsonSerializer.Deserialize(ref reader, PlanJson.Loose.PlanVersion)?.Version;
            if (version is null)
                throw Unreadable(name, "it is no plan: it names no version");
            if (version != Plan.CurrentVersion)
            {
                throw new SealerException(
                    "PlanVersionNotSupported", ErrorKind.NotSupported,
                    $"The plan '{name}' is of version {version}, and this Sealer knows version {Plan.CurrentVersion}. Use the Sealer that made it, or make a new one with Get-ClusterPlan.", name);
            }

            document = JsonSerializer.Deserialize(text, PlanJson.Readable.PlanDocument);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw Unreadable(name, e is JsonException { LineNumber: { } line, BytePositionInLine: { } at } ? $"it is broken in line {line + 1}, at {at + 1}: what stands there is no part of a plan" : "it is broken", e);
        }

        if (document is not { Plan: { } plan, Digest: { } digest, StepSums: { } sums })
            throw Unreadable(name, "it is no plan: plan, digest or stepSums is missing");
        return plan.Digest == digest ? plan : throw Edited(plan, sums, name);
    }

    internal static string DigestOf(Plan plan) =>
        "sha256:" + Hex(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(plan, PlanJson.Default.Plan)));

    internal static string StepId(string host, StepPayload payload)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(payload, PlanJson.Default.StepPayload);
        return Hex(SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes($"{payload.Kind}\n{host}\n"), .. json]))[..16];
    }

    private static string SumOf(PlanStep step) =>
        Hex(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(step, PlanJson.Default.PlanStep)))[..16];

    private static SealerException Edited(Plan plan, IReadOnlyList<string> sums, string name)
    {
        string what;
        if (sums.Count != plan.Steps.Count)
        {
            what = $"it has {plan.Steps.Count} steps, and had {sums.Count}";
        }
        else
        {
            var changed = plan.Steps.Where((step, i) => SumOf(step) != sums[i]).ToList();
            what = changed.Count == 0
                ? "what stands before its steps was changed"
                : $"the step {string.Join(", the step ", changed.Take(3).Select(step => $"'{step.Id}' ({step})"))}{(changed.Count > 3 ? $" and {changed.Count - 3} more" : "")} {(changed.Count == 1 ? "was" : "were")} changed";
        }

        return new SealerException(
            "PlanEdited", ErrorKind.InvalidContent,
            $"The plan '{name}' is not as it was written: {what}. Nothing is done with it; change the Clusterfile and make a new plan with Get-ClusterPlan.", name);
    }

    private static SealerException Unreadable(string name, string why, Exception? inner = null) => new(
        "PlanUnreadable", ErrorKind.InvalidContent, $"The plan '{name}' cannot be read: {why}. Make a new one with Get-ClusterPlan and Export-ClusterPlan.", name, inner);

    private static string Hex(byte[] hash) => Convert.ToHexString(hash).ToLowerInvariant();
}

/// <summary>The file's form.</summary>
internal sealed record PlanDocument(int Version, string Digest, IReadOnlyList<string> StepSums, Plan Plan);

/// <summary>What is read of a file of any version.</summary>
internal sealed record PlanVersion(int? Version);

/// <summary>How plans are written. What is not known is refused: it would be lost, and the digest would not tell.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PlanDocument))]
[JsonSerializable(typeof(Plan))]
[JsonSerializable(typeof(PlanStep))]
[JsonSerializable(typeof(StepPayload))]
internal sealed partial class PlanJson : JsonSerializerContext
{
    /// <summary>With line breaks, and characters as they are, for people who review it.</summary>
    public static PlanJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static PlanVersionJson Loose => PlanVersionJson.Default;
}

/// <summary>Reads the version of whatever stands there.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PlanVersion))]
internal sealed partial class PlanVersionJson : JsonSerializerContext;
