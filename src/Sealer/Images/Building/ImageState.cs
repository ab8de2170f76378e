using System.Reflection;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Images.Building;

/// <summary>
/// Everything about the image being built that is no file: what instructions set, what the parent brings. Applications,
/// labels and the config's environment are inherited; launch and sealer's own environment are not, as in sealer.
/// </summary>
internal sealed class ImageState
{
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private readonly ClusterImage? _parent;
    private readonly List<string> _configEnv;
    private readonly SortedDictionary<string, string> _labels = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _env = new(StringComparer.Ordinal);
    private readonly List<Application> _applications;
    private readonly List<string> _commands = [];
    private readonly List<Descriptor> _layers = [];
    private readonly List<Digest> _diffIds = [];
    private readonly List<(string CreatedBy, bool Empty)> _history = [];
    private IReadOnlyList<string>? _launch;
    private string? _author;
    private DateTimeOffset? _newest;

    public ImageState(ClusterImage? parent)
    {
        _parent = parent;
        _author = parent?.Config?.Author;
        _configEnv = [.. parent?.Config?.Settings?.Env ?? []];
        _applications = [.. parent?.Applications ?? []];
        foreach (var (name, value) in parent?.Labels ?? new Dictionary<string, string>())
            _labels[name] = value;
        foreach (var layer in parent?.Layers ?? [])
        {
            _layers.Add(layer.Descriptor with { MediaType = OciTypeOf(layer.MediaType) });
            _diffIds.Add(layer.DiffId ?? throw new SealerException(
                "LayerCountMismatch",
                ErrorKind.InvalidContent,
                $"The image {parent!.Name} names fewer layers in its config than it has; it is damaged. Build it again.",
                parent.Name));
        }

        if (!_configEnv.Exists(variable => variable.StartsWith("PATH=", StringComparison.Ordinal)))
            _configEnv.Insert(0, DefaultPath);
    }

    /// <summary>The version that images say they were built by.</summary>
    public static string Version { get; } =
        "v" + (typeof(ImageState).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0");

    /// <summary><c>NAME=value</c> of the config.</summary>
    public IReadOnlyList<string> ConfigEnv => _configEnv;

    /// <summary>The uncompressed layers so far, lowest first.</summary>
    public IReadOnlyList<Digest> DiffIds => _diffIds;

    /// <summary>The layers so far, lowest first.</summary>
    public IReadOnlyList<Descriptor> Layers => _layers;

    /// <summary>When the image was made: the newest of its files unless the caller says otherwise, never the clock.</summary>
    public DateTimeOffset Created(DateTimeOffset? sourceDate) =>
        sourceDate ?? _newest ?? _parent?.Created ?? DateTimeOffset.UnixEpoch;

    /// <summary>
    /// The newest time of the files so far and of the parent, unless the caller says otherwise. What RUN makes is no newer,
    /// so that it does not hang on the hour of the build.
    /// </summary>
    public DateTimeOffset NewestInput(DateTimeOffset? sourceDate) =>
        sourceDate ?? (_newest is { } own && (_parent?.Created is not { } parents || own > parents) ? own : _parent?.Created ?? DateTimeOffset.UnixEpoch);

    /// <summary>Takes over what an instruction sets.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="layer">Its layer, or null where it made none.</param>
    /// <param name="app">Of an application, what it is.</param>
    public void Apply(KubefileInstruction instruction, StepLayer? layer, AppLayout? app)
    {
        switch (instruction)
        {
            case FromInstruction or ArgInstruction:
                return;
            case EnvInstruction env:
                foreach (var (name, value) in env.Variables)
                    SetEnv(name, value);
                break;
            case LabelInstruction label:
                foreach (var (name, value) in label.Labels)
                    _labels[name] = value;
                break;
            case MaintainerInstruction maintainer:
                _author = maintainer.Name;
                break;
            case KubeVersionInstruction version:
                _labels[SealerAnnotations.SupportedKubeVersionLabel] = version.Expression;
                break;
            case AppInstruction declared:
                AddApplication(declared, app!);
                break;
            case AppEnvInstruction env:
                Change(env.Name, application => application with { Env = Merge(application.Env, env.Variables) });
                break;
            case AppCmdsInstruction commands:
                Change(commands.Name, application => application with { Cmds = commands.Commands });
                break;
            case LaunchInstruction launch:
                _launch = launch.Names;
                break;
            case CmdsInstruction commands:
                _commands.AddRange(commands.Commands);
                break;
            case CmdInstruction commands:
                _commands.AddRange(commands.Commands);
                break;
        }

        if (layer is not null)
            AddLayer(layer);
        var line = string.Join(' ', instruction.Text.Split('\n', StringSplitOptions.TrimEntries));
        _history.Add((AddressText.WithoutSecrets(line), layer is null));
    }

    /// <summary>Adds a layer that no instruction made.</summary>
    public void AddLayer(StepLayer layer, string createdBy)
    {
        AddLayer(layer);
        _history.Add((createdBy, false));
    }

    /// <summary>Labels of the caller, and ours where he gives none.</summary>
    public void SetLabels(IReadOnlyDictionary<string, string> labels)
    {
        _labels[SealerAnnotations.VersionLabel] = Version;
        foreach (var (name, value) in labels)
            _labels[name] = value;
    }

    public ImageConfig ToConfig(Platform platform, DateTimeOffset created) => new()
    {
        Created = created,
        Author = _author,
        Architecture = platform.Architecture,
        Os = platform.Os,
        Variant = platform.Variant,
        Settings = (_parent?.Config?.Settings ?? new ImageSettings()) with { Env = _configEnv, Labels = _labels },
        Rootfs = new ImageRootfs { DiffIds = _diffIds },
        History =
        [
            .. _parent?.Config?.History ?? [],
            .. _history.Select(step => new ImageHistory { Created = created, CreatedBy = step.CreatedBy, Author = _author, EmptyLayer = step.Empty }),
        ],
    };

    public ImageExtension ToExtension(string type) => new()
    {
        BuildClient = new BuildClient { SealerVersion = Version },
        Type = type,
        Applications = _applications.Count > 0 ? _applications : null,
        Env = _env.Count > 0 ? _env : null,
        Launch = new Launch { AppNames = _launch, Cmds = _commands.Count > 0 ? _commands : null },
    };

    private void AddApplication(AppInstruction declared, AppLayout layout)
    {
        var application = new Application
        {
            Name = declared.Name,
            Type = layout.Type,
            Files = layout.Files.Count > 0 ? layout.Files : null,
        };
        var index = _applications.FindIndex(earlier => earlier.Name == declared.Name);
        if (index >= 0)
            _applications[index] = application;
        else
            _applications.Add(application);
        var prefix = declared.Kind switch
        {
            AppKind.Cni => SealerAnnotations.CniLabelPrefix,
            AppKind.Csi => SealerAnnotations.CsiLabelPrefix,
            _ => null,
        };
        if (prefix is not null)
            _labels[prefix + declared.Name] = "true";
    }

    private void Change(string name, Func<Application, Application> change)
    {
        var index = _applications.FindIndex(application => application.Name == name);
        if (index >= 0)
            _applications[index] = change(_applications[index]);
    }

    private static SortedDictionary<string, string> Merge(
        IReadOnlyDictionary<string, string>? before, IReadOnlyList<KeyValuePair<string, string>> added)
    {
        var merged = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in before ?? new Dictionary<string, string>())
            merged[name] = value;
        foreach (var (name, value) in added)
            merged[name] = value;
        return merged;
    }

    private void SetEnv(string name, string value)
    {
        _env[name] = value;
        var index = _configEnv.FindIndex(variable => variable.StartsWith(name + "=", StringComparison.Ordinal));
        if (index >= 0)
            _configEnv[index] = $"{name}={value}";
        else
            _configEnv.Add($"{name}={value}");
    }

    private void AddLayer(StepLayer layer)
    {
        _layers.Add(layer.Descriptor);
        _diffIds.Add(layer.DiffId);
        if (layer.Newest is { } newest && (_newest is null || newest > _newest))
            _newest = newest;
    }

    // The manifest is OCI's, whatever the parent's was; the blobs are the same.
    private static string OciTypeOf(string mediaType) => mediaType switch
    {
        MediaType.DockerLayer => MediaType.OciLayer,
        MediaType.DockerLayerGzip => MediaType.OciLayerGzip,
        _ => mediaType,
    };
}
