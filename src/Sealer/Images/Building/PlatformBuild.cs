using Sealer.Events;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Layers;
using Sealer.Kubefiles;
using Sealer.Kubefiles.Instructions;
using Sealer.Registries;

namespace Sealer.Images.Building;

/// <summary>The image of one platform: reads, plans, then carries the instructions out one after the other.</summary>
internal sealed class PlatformBuild(BuildServices services, Platform platform)
{
    private readonly BuildOptions _options = services.Options;
    private readonly RootfsTree _tree = new();
    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);
    private IReadOnlyList<PlannedInstruction> _planned = [];
    private KubefileParseResult _parsed = new([], []);
    private ClusterImage? _base;
    private bool _baseIsKnown;

    /// <summary>Builds.</summary>
    /// <returns>The manifest, which is in the store and has no name yet.</returns>
    public async Task<Descriptor> BuildAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(download: true, cancellationToken).ConfigureAwait(false);
        foreach (var warning in _parsed.Diagnostics)
            services.Events?.Report(new WarningEvent(warning.ToString()));

        using var remote = new RemoteSource(
            services.Store, services.Client?.Options ?? new RegistryOptions(), !_options.NoCache, services.SourceDate, services.Events);
        var layout = new StepLayout(services.Scratch, remote, services.Kubefile.Name, services.SourceDate);
        var state = new ImageState(_base);
        var cache = new LayerCache(services.Store, LayerOptions, !_options.NoCache);
        var run = new RunStep(services, platform, _tree, cache);
        foreach (var planned in _planned)
        {
            services.Events?.Report(new DetailEvent($"{services.Kubefile.Name}:{planned.Instruction.Span} {AddressText.WithoutSecrets(planned.Instruction.Text)}"));
            if (planned.Instruction is RunInstruction instruction)
            {
                state.Apply(instruction, await run.RunAsync(instruction, state, cancellationToken).ConfigureAwait(false), null);
                continue;
            }

            var files = await layout.LayOutAsync(planned, _tree, cancellationToken).ConfigureAwait(false);
            CheckApplication(planned.Instruction, files.App);
            var layer = files.Entries.Count == 0
                ? null
                : await WriteAsync(planned.Instruction, files.Entries, cache, cancellationToken).ConfigureAwait(false);
            _tree.Apply(files.Entries);
            state.Apply(planned.Instruction, layer, files.App);
        }

        var images = new ContainerImageStep(services, platform, _tree, _base);
        var content = await images.AddAsync(state, cancellationToken).ConfigureAwait(false);
        return await WriteImageAsync(state, content, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tells what would be built.</summary>
    public async Task<PlatformPreview> PreviewAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(download: false, cancellationToken).ConfigureAwait(false);
        var layout = new StepLayout(services.Scratch, remote: null, services.Kubefile.Name, services.SourceDate);
        var warnings = new List<string>();
        if (!_baseIsKnown)
            warnings.Add($"{_parsed.From!.Reference!.ToFamiliarString()} is not in the local store for {platform}; what it holds is not known here.");
        var layers = new List<LayerPreview>();
        foreach (var planned in _planned)
        {
            if (planned.Instruction is RunInstruction)
                warnings.Add($"{services.Kubefile.Name}:{planned.Instruction.Span} What RUN makes is only known once it has run.");
            var files = await layout.LayOutAsync(planned, _tree, cancellationToken).ConfigureAwait(false);

            // What a download holds, a packed chart for one, is not known here.
            if (files.App is { Placed.Count: > 0 } && files.Downloads.Count == 0)
                CheckApplication(planned.Instruction, files.App);
            _tree.Apply(files.Entries);
            if (planned.Instruction is not (CopyInstruction or AppInstruction or RunInstruction))
                continue;
            var copied = files.Entries.Where(entry => entry.Kind == LayerEntryKind.File).ToList();
            layers.Add(new LayerPreview(
                planned.Instruction,
                $"{services.Kubefile.Name}:{planned.Instruction.Span}",
                copied.Count,
                copied.Sum(entry => entry.Size),
                files.Entries.ToArray(),
                files.Downloads.ToArray()));
        }

        var images = new ContainerImageStep(services, platform, _tree, _base);
        var scan = await images.ScanAsync(runsHelmOfImage: false, cancellationToken).ConfigureAwait(false);
        warnings.AddRange(scan?.Warnings.Select(warning => warning.ToString()) ?? []);
        return new PlatformPreview
        {
            Platform = platform,
            Instructions = _planned.Select(planned => planned.Instruction).ToArray(),
            Diagnostics = _parsed.Diagnostics,
            Base = _parsed.From?.Reference,
            BaseIsKnown = _baseIsKnown,
            Layers = layers,
            ContainerImages = scan?.Images.ToArray() ?? [],
            Warnings = warnings,
        };
    }

    private LayerOptions LayerOptions => new() { Compression = _options.Compression };

    // Read twice: to know FROM, and again with what the image it names brings into the scope of variables and applications.
    private async Task PrepareAsync(bool download, CancellationToken cancellationToken)
    {
        var parse = new KubefileParseOptions
        {
            FileName = services.Kubefile.Name,
            BuildArguments = _options.BuildArguments,
            TargetPlatform = platform,
        };
        _parsed = Kubefile.Parse(services.Kubefile.Text, parse);
        var ignore = IgnoreFile.Find(_options.ContextFolder, services.Kubefile.Path);
        var context = new BuildContext(_options.ContextFolder, ignore, services.SourceDate)
        {
            Warn = message =>
            {
                // The context is looked at again once the parent is known.
                if (_warned.Add(message))
                    services.Events?.Report(new WarningEvent(message));
            },
        };

        // What is wrong with the text or the context is told before anything is fetched; paths that hang on the parent's
        // environment are looked up once that is known.
        _planned = BuildPlan.Make(_parsed, context, services.Kubefile.Name);
        var from = _parsed.From!;
        _baseIsKnown = from.IsScratch;
        if (from.IsScratch)
            return;

        _base = await FindBaseAsync(from, download, cancellationToken).ConfigureAwait(false);
        if (_base is null)
            return;
        _baseIsKnown = true;
        _parsed = Kubefile.Parse(services.Kubefile.Text, parse with
        {
            BaseApplications = [.. _base.Applications.Select(application => application.Name)],
            BaseEnvironment = EnvironmentOf(_base),
        });
        _planned = BuildPlan.Make(_parsed, context, services.Kubefile.Name);
        var files = await ImageFileSystem.LoadAsync(services.Store, [.. _base.Layers.Select(layer => layer.Descriptor)], cancellationToken).ConfigureAwait(false);
        _tree.ApplyBase(files);
    }

    private async Task<ClusterImage?> FindBaseAsync(FromInstruction from, bool download, CancellationToken cancellationToken)
    {
        var images = new BaseImages(services.Store, services.Registries, services.Events);
        var basePlatform = from.Platform ?? platform;
        try
        {
            return download
                ? await images.GetAsync(from, basePlatform, _options.Pull, cancellationToken).ConfigureAwait(false)
                : (await images.FindLocalAsync(from.Reference!, basePlatform, cancellationToken).ConfigureAwait(false))?.RequireClusterImage();
        }
        catch (SealerException e) when (e.Id is "ImageNotFound" or "PlatformNotFound" or "NotAClusterImage")
        {
            // The name in the Kubefile is the mistake, not the way to it.
            throw new SealerException(e.Id, e.Kind, $"{services.Kubefile.Name}:{from.Span} {e.Message}", e.Target, e);
        }
    }

    private static Dictionary<string, string> EnvironmentOf(ClusterImage image)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in image.Config?.Settings?.Env ?? [])
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                environment[variable[..equals]] = variable[(equals + 1)..];
        }

        return environment;
    }

    private async Task<StepLayer> WriteAsync(
        KubefileInstruction instruction, IReadOnlyList<LayerEntry> entries, LayerCache cache, CancellationToken cancellationToken)
    {
        var progress = Progress(instruction, entries.Sum(entry => entry.Size));
        if (await cache.FindAsync(entries, progress, cancellationToken).ConfigureAwait(false) is { } known)
        {
            services.Events?.Report(new DetailEvent($"{services.Kubefile.Name}:{instruction.Span} is unchanged, layer {known.Descriptor.Digest.Short}."));
            return known;
        }

        var built = await LayerWriter.WriteAsync(services.Store, entries, LayerOptions, progress, cancellationToken).ConfigureAwait(false);
        return cache.Add(entries, built);
    }

    private ItemProgress? Progress(KubefileInstruction instruction, long total) =>
        ItemProgress.Of(services.Events, $"Building for {platform}", AddressText.WithoutSecrets(instruction.Text.Split('\n')[0]), total);

    private void CheckApplication(KubefileInstruction instruction, AppLayout? app)
    {
        if (app is not { Type: null } || instruction is not AppInstruction declared || AppLayout.HasCommands(_parsed.Instructions, declared.Name))
            return;
        throw new SealerException(
            "InvalidKubefile",
            ErrorKind.InvalidInput,
            $"{services.Kubefile.Name}:{declared.Span} {AppLayout.NoWayToStart(declared.Name)}",
            declared.Name);
    }

    private async Task<Descriptor> WriteImageAsync(ImageState state, ContainerImageContent content, CancellationToken cancellationToken)
    {
        state.SetLabels(_options.Labels);
        var created = state.Created(services.SourceDate);
        var config = state.ToConfig(_parsed.From!.Platform ?? platform, created);
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in _options.Annotations)
            annotations[name] = value;
        if (_base is not null)
        {
            annotations["org.opencontainers.image.base.name"] = _parsed.From.Reference!.ToString();
            annotations["org.opencontainers.image.base.digest"] = _base.Digest.ToString();
        }

        annotations[SealerAnnotations.Extension] = OciJson.Write(state.ToExtension(_options.Type));
        if (content.Images.Count > 0)
            annotations[SealerAnnotations.ContainerImages] = OciJson.Write(content.Images);
        if (content.Paths.Count > 0)
            annotations[SealerAnnotations.ContainerImagePaths] = ContainerImagePaths.Write(content.Paths);
        var manifest = new ImageManifest
        {
            MediaType = MediaType.OciManifest,
            Config = await services.Store.AddAsync(MediaType.OciConfig, OciJson.Write(config), cancellationToken).ConfigureAwait(false),
            Layers = [.. state.Layers],
            Annotations = annotations,
        };
        var descriptor = await services.Store.AddAsync(MediaType.OciManifest, OciJson.Write(manifest), cancellationToken).ConfigureAwait(false);
        return descriptor with { Platform = config.Platform };
    }
}
