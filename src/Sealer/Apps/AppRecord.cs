using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Apps;

/// <summary>How far the launch of an application has come.</summary>
internal enum AppProgress
{
    /// <summary>It was launched, and what it has started was ready, or nothing was waited for.</summary>
    Done,

    /// <summary>It was launched, and is waited for.</summary>
    Waiting,

    /// <summary>It was launched, and was not ready in its time.</summary>
    Late,
}

/// <summary>What a cluster keeps of an application that was launched: its digest, and behind it what else is known.</summary>
/// <param name="Digest">Of all that it was started from.</param>
internal sealed record AppRecord(string Digest)
{
    /// <summary>How far it has come.</summary>
    public AppProgress Progress { get; init; }

    /// <summary><c>kube</c>, <c>helm</c>, <c>shell</c>; null where commands said how, or nothing is known.</summary>
    public string? Type { get; init; }

    /// <summary>The image that it came with; null of what was launched before this was kept.</summary>
    public string? Image { get; init; }

    /// <summary>Digest of that image.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>The folder of that image's files on control planes; null of the cluster's image.</summary>
    public string? Folder { get; init; }

    /// <summary>When it was launched.</summary>
    public DateTimeOffset? Launched { get; init; }

    /// <summary>Of helm, where its release is; null of others.</summary>
    public string? Namespace { get; init; }

    /// <summary>What it has in the API; null where nobody looked.</summary>
    public IReadOnlyList<AppObject>? Objects { get; init; }

    /// <summary>What is waited for.</summary>
    public IReadOnlyList<AppObject> Workloads => [.. (Objects ?? []).Where(each => each.IsWorkload)];

    /// <summary>Reads one; of what is none, all of it is the digest.</summary>
    public static AppRecord Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0)
            return new AppRecord(text);
        var record = new AppRecord(text[..space]);
        try
        {
            if (JsonNode.Parse(text[space..]) is not JsonObject said)
                return record;
            return record with
            {
                Progress = Enum.TryParse<AppProgress>($"{said["progress"]}", ignoreCase: true, out var progress) && Enum.IsDefined(progress) ? progress : AppProgress.Done,
                Type = Text(said["type"]),
                Image = Text(said["image"]),
                ImageDigest = Text(said["imageDigest"]),
                Folder = Text(said["folder"]),
                Launched = DateTimeOffset.TryParse($"{said["launched"]}", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var launched) ? launched : null,
                Namespace = Text(said["namespace"]),
                Objects = said["objects"] is JsonArray objects ? [.. objects.Select(each => AppObject.Of($"{each}")).OfType<AppObject>()] : null,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return record;
        }
    }

    /// <summary>As it is kept.</summary>
    public override string ToString()
    {
        var said = new JsonObject();
        if (Progress != AppProgress.Done)
            said["progress"] = Progress.ToString().ToLowerInvariant();
        foreach (var (key, value) in new[] { ("type", Type), ("image", Image), ("imageDigest", ImageDigest), ("folder", Folder), ("launched", Launched?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)), ("namespace", Namespace) })
        {
            if (value is not null)
                said[key] = value;
        }

        if (Objects is not null)
            said["objects"] = new JsonArray([.. Objects.Select(each => (JsonNode?)$"{each}")]);
        return said.Count == 0 ? Digest : $"{Digest} {said.ToJsonString()}";
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;
}
