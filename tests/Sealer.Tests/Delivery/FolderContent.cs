using System.Text;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;
using Sealer.Events;
using Sealer.Hosts;
using Sealer.Images;
using Sealer.Planning;

namespace Sealer.Tests.Delivery;

/// <summary>An image of a few small files, and a way to hosts that is no faster than it must be.</summary>
internal sealed class FolderContent(string folder, IReadOnlyDictionary<string, string> files) : IPlanContent
{
    public string Image => "skyline:v1";

    public string ImageDigest { get; init; } = "sha256:" + new string('1', 64);

    public ImageExtension? Extension => null;

    public IReadOnlyList<string> Notes => [];

    public IReadOnlyList<PluginSpec> Plugins { get; init; } = [];

    /// <summary>Hosts that fail to take it.</summary>
    public HashSet<string> Refusing { get; } = [];

    public List<IReadOnlyList<string>> Waves { get; } = [];

    public async Task<IReadOnlyDictionary<string, ContentAnswer>> InspectAsync(IReadOnlyList<ContentHost> hosts, CancellationToken cancellationToken)
    {
        var answers = new Dictionary<string, ContentAnswer>();
        foreach (var (spec, facts, host) in hosts)
        {
            var lacking = new List<string>();
            var exists = false;
            foreach (var (path, text) in files.OrderBy(file => file.Key, StringComparer.Ordinal))
            {
                var read = await host.RunAsync(new HostCommand($"cat {folder}/{path}") { Elevated = true }, cancellationToken);
                exists |= read.Succeeded;
                if (!read.Succeeded || read.Output != text)
                    lacking.Add(path);
            }

            answers[spec.Address.ToString()] = new ContentAnswer(
                new ObservedContent
                {
                    Desired = new ContentPayload { Folder = folder, Manifest = ImageDigest, Platform = $"linux/{facts.Architecture}", WithRegistry = spec.IsControlPlane, RenderedDigest = "none" },
                    Entries = files.Count,
                    Lacking = lacking.Count,
                    Bytes = lacking.Sum(path => Encoding.UTF8.GetByteCount(files[path])),
                    Examples = lacking,
                    Exists = exists,
                    StateDigest = string.Join(',', lacking),
                },
                null);
        }

        return answers;
    }

    public async Task<IReadOnlyDictionary<string, Exception>> DeliverAsync(
        IReadOnlyList<StepRun> runs, IProgress<SealerEvent>? events, CancellationToken cancellationToken)
    {
        Waves.Add([.. runs.Select(run => run.Step.Host)]);
        var errors = new Dictionary<string, Exception>();
        foreach (var run in runs)
        {
            try
            {
                if (Refusing.Contains(run.Step.Host))
                    throw new SealerException("DiskFull", ErrorKind.ResourceUnavailable, $"{run.Step.Host}: its disk is full.", run.Step.Host);
                var log = $"/var/lib/sealer/content.log";
                foreach (var (path, text) in files)
                {
                    using var input = new MemoryStream(Encoding.UTF8.GetBytes(text));
                    (await run.Host.RunAsync(new HostCommand($"mkdir -p $(dirname {folder}/{path}); cat > {folder}/{path}") { Elevated = true, Input = input }, cancellationToken))
                        .Require("take a file");
                }

                (await run.Host.RunAsync(new HostCommand($"echo {run.Step.Id} >> {log}") { Elevated = true }, cancellationToken)).Require("note");
            }
            catch (Exception e) when (e is SealerException)
            {
                errors[run.Step.Id] = e;
            }
        }

        return errors;
    }
}
