using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Delivery;

/// <summary>The clusters that a controller knows: a file for each in its folder below <see cref="SealerHome.Clusters"/>.</summary>
public static class KnownClusters
{
    private const string FileName = "cluster.json";
    private const int MaxLength = 1 << 20;

    /// <summary>Names of those that are known, sorted; none where there is no folder.</summary>
    public static IReadOnlyList<string> Names(SealerHome home)
    {
        ArgumentNullException.ThrowIfNull(home);
        try
        {
            return !Directory.Exists(home.Clusters) ? []
                : [.. Directory.EnumerateDirectories(home.Clusters).Where(folder => File.Exists(Path.Combine(folder, FileName))).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(home.Clusters, e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>What is known of a cluster.</summary>
    /// <exception cref="SealerException"><c>ClusterNotKnown</c>, <c>KnownClusterUnreadable</c>.</exception>
    public static KnownCluster Find(SealerHome home, string name)
    {
        ArgumentNullException.ThrowIfNull(home);
        var names = Names(home);
        if (!names.Contains(name))
        {
            throw new SealerException(
                "ClusterNotKnown", ErrorKind.NotFound,
                $"This controller knows no cluster '{name}'{(names.Count == 0 ? "" : $"; it knows {string.Join(", ", names.Take(10))}{(names.Count > 10 ? ", ..." : "")}")}. Name one of its control planes with -ControlPlane, and how to log in there, or its Clusterfile with -Path.", name);
        }

        var path = Path.Combine(home.Clusters, name, FileName);
        try
        {
            if (new FileInfo(path).Length > MaxLength)
                throw Unreadable(path, "it is too long");
            var known = JsonSerializer.Deserialize(File.ReadAllBytes(path), KnownClusterJson.Default.KnownCluster);
            return known switch
            {
                { Version: > KnownCluster.CurrentVersion } => throw Unreadable(path, $"it is of the form {known.Version}, which a newer Sealer wrote"),
                { ControlPlanes: { Count: > 0 } planes } when known.Name == name && planes.All(way => !string.IsNullOrEmpty(way?.Address)) => known,
                _ => throw Unreadable(path, "it names no control planes of that cluster"),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            throw Unreadable(path, e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>Keeps what is known of a cluster, as a whole or not at all, for nobody but this user to read.</summary>
    /// <exception cref="SealerException"><c>KnownClusterNotWritten</c>, and those of <see cref="SealerHome"/>.</exception>
    public static void Keep(SealerHome home, KnownCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(home);
        ArgumentNullException.ThrowIfNull(cluster);
        var folder = Path.Combine(home.Clusters, cluster.Name);
        SealerHome.CreatePrivateFolder(folder);
        var path = Path.Combine(folder, FileName);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(cluster, KnownClusterJson.Default.KnownCluster);
        var partial = $"{path}.{Guid.NewGuid():n}.partial";
        try
        {
            if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
                return;
            var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(partial, create))
                stream.Write(bytes);
            File.Move(partial, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(partial);
            throw new SealerException(
                "KnownClusterNotWritten", ErrorKind.ResourceUnavailable,
                $"What is known of the cluster {cluster.Name} cannot be written to '{path}': {e.Message.TrimEnd('.')}. Set {SealerHome.Variable} to a folder that you may write to.", path, e);
        }
    }

    /// <summary>Forgets a cluster that is no more; its journals stay.</summary>
    public static void Forget(SealerHome home, string name)
    {
        ArgumentNullException.ThrowIfNull(home);
        if (Names(home).Contains(name))
            File.Delete(Path.Combine(home.Clusters, name, FileName));
    }

    private static SealerException Unreadable(string path, string why, Exception? inner = null) => new(
        "KnownClusterUnreadable", ErrorKind.InvalidContent,
        $"What is known of a cluster cannot be read from '{path}': {why}. Remove the file, and name one of the cluster's control planes with -ControlPlane.", path, inner);
}

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KnownCluster))]
internal sealed partial class KnownClusterJson : JsonSerializerContext;
