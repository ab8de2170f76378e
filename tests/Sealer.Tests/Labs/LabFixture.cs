using System.Globalization;
using Sealer.Events;
using Sealer.Labs;

namespace Sealer.Tests.Labs;

/// <summary>
/// Lab hosts for tests that carry <c>[Trait("Tier", "lab")]</c>. Tests of the collection <c>lab</c> share four hosts and leave
/// them as they found them; a test that breaks a host makes a lab of its own. What a run that was killed has left is removed
/// by the next one.
/// </summary>
public sealed class LabFixture : IAsyncLifetime
{
    private const string Prefix = "t";

    private static readonly Lazy<Task> Sweep = new(SweepAsync);

    private static int _count;

    private readonly SemaphoreSlim _making = new(1, 1);
    private ClusterLab? _lab;

    /// <summary>The four hosts that the collection's tests share, made when they are first asked for.</summary>
    public async Task<ClusterLab> SharedAsync()
    {
        await _making.WaitAsync();
        try
        {
            return _lab ??= await CreateAsync(new LabOptions { Count = 4 });
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>A lab of one test's own, removed when it is disposed of.</summary>
    public static async Task<OwnLab> NewAsync(
        LabOptions? options = null, IProgress<SealerEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new(await CreateAsync(options ?? new LabOptions(), progress, cancellationToken), options?.Home);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_lab is not null)
            await _lab.RemoveAsync();
        _making.Dispose();
    }

    /// <summary>A name that tells whose lab it is: this process's, which no other one is called as well.</summary>
    internal static string NewName() =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{StartOf(Environment.ProcessId)}-{Interlocked.Increment(ref _count)}");

    private static async Task<ClusterLab> CreateAsync(
        LabOptions options, IProgress<SealerEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        await Sweep.Value;
        return await ClusterLab.CreateAsync(options.Name is null ? options with { Name = NewName() } : options, progress, cancellationToken);
    }

    private static async Task SweepAsync()
    {
        foreach (var lab in ClusterLab.List())
        {
            var parts = lab.Name.Split('-');
            if (parts.Length != 3 || !parts[0].StartsWith(Prefix, StringComparison.Ordinal)
                || !int.TryParse(parts[0].AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                || StartOf(process) == parts[1])
            {
                continue;
            }

            try
            {
                await lab.RemoveAsync();
            }
            catch (SealerException e) when (e.Id is "LabNotFound" or "LabBusy")
            {
                // Another run does the same.
            }
        }
    }

    /// <summary>When a process began, in the last digits of the kernel's ticks; nothing where there is none of that number.</summary>
    private static string StartOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var start = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
            return start.Length > 7 ? start[^7..] : start;
        }
        catch (IOException)
        {
            return "";
        }
    }
}

/// <summary>A lab of one test's own.</summary>
public sealed class OwnLab(ClusterLab lab, SealerHome? home) : IAsyncDisposable
{
    /// <summary>The lab.</summary>
    public ClusterLab Lab { get; } = lab;

    /// <summary>Its hosts.</summary>
    public IReadOnlyList<LabHost> Hosts => Lab.Hosts;

    public async ValueTask DisposeAsync()
    {
        if (ClusterLab.List(home).Any(other => other.Name == Lab.Name))
            await Lab.RemoveAsync();
    }
}

/// <summary>The collection of the tests that share four lab hosts, and the image of a real Kubernetes.</summary>
[CollectionDefinition(Name)]
public sealed class LabCollection : ICollectionFixture<LabFixture>, ICollectionFixture<KubernetesFixture>
{
    public const string Name = "lab";
}
