using System.Globalization;
using Sealer.Events;
using Sealer.Images.Building.Running;
using Sealer.Images.Layers;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Images.Building;

/// <summary>
/// Carries RUN out on the files of the image so far, which are unpacked at the first RUN that no earlier build has
/// answered.
/// </summary>
internal sealed class RunStep(BuildServices services, Platform platform, RootfsTree tree, LayerCache cache)
{
    private string? _root;
    private int _unpacked;

    public async Task<StepLayer?> RunAsync(RunInstruction run, ImageState state, CancellationToken cancellationToken)
    {
        var network = run.Network ?? services.Options.Network;
        string[] env = [.. run.BuildArguments.Select(argument => $"{argument.Key}={argument.Value}"), .. state.ConfigEnv];
        string[] inputs =
        [
            platform.ToString(),
            network,
            run.IsScript.ToString(),
            run.Command ?? "",
            .. run.Arguments ?? [],
            "env",
            .. env,
            "until",
            state.NewestInput(services.SourceDate).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            "on",
            .. state.DiffIds.Select(digest => digest.ToString()),
        ];
        if (cache.FindRun(inputs) is { } known)
        {
            services.Events?.Report(new DetailEvent($"{services.Kubefile.Name}:{run.Span} was run before on the same files, layer {known.Descriptor.Digest.Short}."));
            await tree.ApplyLayerAsync(services.Store, known.Descriptor, cancellationToken).ConfigureAwait(false);
            return known;
        }

        var entries = await ExecuteAsync(run, network, env, state, cancellationToken).ConfigureAwait(false);
        if (entries.Count == 0)
            return null;
        var options = new LayerOptions { Compression = services.Options.Compression };
        var built = await LayerWriter.WriteAsync(services.Store, entries, options, null, cancellationToken).ConfigureAwait(false);
        var layer = new StepLayer(built.Descriptor, built.DiffId, LayerCache.NewestOf(entries));
        cache.AddRun(inputs, layer);

        // The folder changes with the next RUN, so later readers go to the layer.
        await tree.ApplyLayerAsync(services.Store, built.Descriptor, cancellationToken).ConfigureAwait(false);
        _unpacked++;
        return layer;
    }

    private async Task<IReadOnlyList<LayerEntry>> ExecuteAsync(
        RunInstruction run, string network, string[] env, ImageState state, CancellationToken cancellationToken)
    {
        var place = $"{services.Kubefile.Name}:{run.Span}";
        if (!OperatingSystem.IsLinux())
        {
            throw new SealerException(
                "RunNotSupported",
                ErrorKind.NotSupported,
                $"{place} RUN needs Linux. Build this Kubefile on a Linux machine, or in WSL, or replace RUN by COPY of what it makes.",
                place);
        }

        var root = await UnpackAsync(state, cancellationToken).ConfigureAwait(false);
        var request = new RunRequest
        {
            RootFolder = root,
            Command = run.Arguments is { } arguments ? new RunCommand.Exec(arguments)
                : run.IsScript ? new RunCommand.Script(run.Command!)
                : new RunCommand.Shell(run.Command!),
            Env = env,
            Network = network == "none" ? RunNetwork.None : RunNetwork.Host,
            Place = place,
            NewestTime = state.NewestInput(services.SourceDate),
            Output = line => services.Events?.Report(new DetailEvent(line)),
        };
        return await new RunExecutor().RunAsync(request, cancellationToken).ConfigureAwait(false);
    }

    // A folder that has had a RUN is the image after that RUN, over which only what came since is laid.
    private async Task<string> UnpackAsync(ImageState state, CancellationToken cancellationToken)
    {
        if (_root is not null && _unpacked == state.Layers.Count)
            return _root;

        // Never devices: a container without limits of its own would open the disk that a parent image names.
        var options = new ExtractOptions { Owners = Environment.IsPrivilegedProcess, SetId = true };
        Descriptor[] layers = [.. state.Layers.Skip(_unpacked)];
        var report = _root is null
            ? await LayerExtractor.ExtractAsync(services.Store, layers, _root = services.Scratch.NewPath(), options, null, cancellationToken).ConfigureAwait(false)
            : await LayerExtractor.ContinueAsync(services.Store, layers, _root, options, cancellationToken).ConfigureAwait(false);
        foreach (var warning in report.Warnings)
            services.Events?.Report(new WarningEvent(warning));
        _unpacked = state.Layers.Count;
        return _root;
    }
}
