using System.Collections.Immutable;

namespace Sealer.Images;

/// <summary>
/// Reads what sealer keeps in its two annotations (<see cref="SealerAnnotations"/>) into the form of today, whichever sealer from 0.9.0 on wrote them.
/// </summary>
public static class SealerAnnotationReader
{
    /// <summary>
    /// Reads <c>sealer.image.extension</c>. What sealer 0.9.0 called <c>launchfiles</c> is in <see cref="Application.Files"/>, what
    /// 0.9.2 to 0.10 kept in <c>launch.appConfigs</c> is in <see cref="Application.Cmds"/>; maps are sorted by name.
    /// </summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not valid.</exception>
    public static ImageExtension ReadExtension(string json)
    {
        var extension = OciJson.ReadExtension(json);
        var launch = extension.Launch ?? new Launch();
        var legacyCmds = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var config in launch.AppConfigs ?? [])
        {
            if (config?.Name is { } name && config.Launch?.Cmds is { Count: > 0 } cmds)
                legacyCmds[name] = cmds;
        }

        return extension with
        {
            BuildClient = extension.BuildClient ?? new BuildClient(),
            Type = string.IsNullOrEmpty(extension.Type) ? ClusterImageType.KubeInstaller : extension.Type,
            Applications = extension.Applications is null
                ? null
                : extension.Applications.Where(a => a is not null).Select(a => Today(a, legacyCmds)).ToArray(),
            Env = Sorted(extension.Env),
            Labels = Sorted(extension.Labels),
            Launch = launch with { AppConfigs = null },
        };
    }

    /// <summary>Reads <c>sealer.image.container.images</c>.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not valid.</exception>
    public static IReadOnlyList<ContainerImageEntry> ReadContainerImages(string json)
    {
        var images = OciJson.ReadContainerImages(json);
        if (images.Any(i => string.IsNullOrWhiteSpace(i?.Image)))
        {
            throw new SealerException(
                "InvalidManifest",
                ErrorKind.InvalidContent,
                $"The annotation {SealerAnnotations.ContainerImages} has an entry without an image name. The image is broken; build it again.");
        }

        return images;
    }

    private static Application Today(Application application, Dictionary<string, IReadOnlyList<string>> legacyCmds)
    {
        var name = application.Name ?? "";
        return application with
        {
            Name = name,
            Type = string.IsNullOrEmpty(application.Type) ? null : application.Type,
            Files = application.Files ?? application.LaunchFiles,
            LaunchFiles = null,
            Env = Sorted(application.Env),
            Cmds = application.Cmds ?? legacyCmds.GetValueOrDefault(name),
        };
    }

    private static ImmutableSortedDictionary<string, string>? Sorted(IReadOnlyDictionary<string, string>? map) =>
        map?.ToImmutableSortedDictionary(p => p.Key, p => p.Value ?? "", StringComparer.Ordinal);
}
