using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Sealer.Apps;
using Sealer.Clusterfiles;
using Sealer.Delivery;
using Sealer.Delivery.Kubernetes;
using Sealer.Hosts;
using Sealer.Planning;
using Sealer.Tests.Planning;
using Sealer.Tests.Registries;

namespace Sealer.Tests.Delivery.Kubernetes;

/// <summary>Waiting for applications, at an API that is played.</summary>
public sealed class ReadinessTests
{
    private const string Ready = """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "site", "namespace": "default"}, "spec": {}, "status": {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}}""";
    private const string Late = """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "site", "namespace": "default"}, "spec": {"selector": {"matchLabels": {"app": "site"}}}, "status": {}}""";
    private const string Waiting = """sha256:1 {"progress":"waiting","objects":["apps/v1 Deployment default site","v1 Service default site"]}""";

    private static readonly AppLaunch Site = new("site", "kube", "run", "sha256:1", false);

    private static async Task RunAsync(Api api, int seconds = 60)
    {
        var request = PlannerTests.Request("");
        request = request with { Hosts = [.. request.Hosts.Select(host => host with { State = host.State! with { Kubernetes = new KubernetesState() } })] };
        request = request with { Kubernetes = KubernetesRequest.Of(request.Spec, KubernetesPlanTests.Image with { Launches = [Site] }, request.Hosts, ClusterEnvironment.OfCluster(request.Spec)) };
        var handler = new ReadinessHandler(new KubernetesDelivery(request, _ => api), new ImpatientTime());
        var step = new PlanStep { Id = "x", Host = "10.0.0.1", What = "See", Why = "so", Phase = "readiness", Payload = new ReadinessPayload { Name = "site", Digest = "sha256:1", TimeoutSeconds = seconds } };
        var run = new StepRun(step, api, null, null);
        if (await handler.CheckAsync(run, default))
            return;
        await handler.ActAsync(run, default);
        await handler.VerifyAsync(run, default);
    }

    [Fact]
    public async Task It_is_asked_again_until_it_is_ready_also_by_an_API_that_is_silent_for_a_moment()
    {
        var api = new Api(Waiting) { Workloads = new Queue<string?>([Late, null, "", Late, Ready]) };
        await RunAsync(api);
        Assert.Empty(api.Workloads);
        Assert.Equal(AppProgress.Done, AppRecord.Read(api.Record).Progress);
        Assert.Contains("get Deployment.v1.apps/site -o json", api.Asked, StringComparison.Ordinal);
        // Who comes again finds it so.
        await RunAsync(api);
    }

    [Fact]
    public async Task What_is_not_ready_in_its_time_is_told_with_its_pod_its_events_and_its_words_made_harmless()
    {
        var api = new Api(Waiting)
        {
            Workloads = new Queue<string?>([Late]),
            Pods = """{"items": [{"metadata": {"name": "site-1"}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running", "containerStatuses": [{"name": "web", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}}}]}}]}""",
            Events = """{"items": [{"reason": "BackOff", "message": "Back-off restarting", "lastTimestamp": "2026-01-02T00:00:00Z"}, {"reason": "Pulled", "message": "Image is there", "lastTimestamp": "2026-01-01T00:00:00Z"}]}""",
            Logs = "no licence\u001b[31m\n##vso[task.setvariable]x\n",
        };
        var error = await Assert.ThrowsAsync<SealerException>(() => RunAsync(api, 0));
        Assert.Equal("AppNotReady", error.Id);
        Assert.Contains("0 of 1 ready", error.Message, StringComparison.Ordinal);
        Assert.Contains("Its pod site-1 on n1 is not ready: CrashLoopBackOff: back-off 20s.", error.Message, StringComparison.Ordinal);
        Assert.Contains("Its last events: Pulled: Image is there; BackOff: Back-off restarting.", error.Message, StringComparison.Ordinal);
        Assert.Contains("no licence?[31m\n# #vso", error.Message, StringComparison.Ordinal);
        Assert.Contains("--previous", api.Asked, StringComparison.Ordinal);
        Assert.Equal(AppProgress.Late, AppRecord.Read(api.Record).Progress);
    }

    [Fact]
    public async Task A_job_that_has_failed_is_not_waited_for()
    {
        var api = new Api("""sha256:1 {"progress":"waiting","objects":["batch/v1 Job default once"]}""")
        {
            Workloads = new Queue<string?>(["""{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": "default"}, "spec": {}, "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}"""]),
        };
        var error = await Assert.ThrowsAsync<SealerException>(() => RunAsync(api));
        Assert.Contains("was launched and has failed", error.Message, StringComparison.Ordinal);
        Assert.Contains("BackoffLimitExceeded", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_takes_itself_away_once_it_is_done_is_done_and_anything_else_is_missed()
    {
        await RunAsync(new Api("""sha256:1 {"progress":"waiting","objects":["batch/v1 Job default once"]}""") { Workloads = new Queue<string?>([""]) });
        var error = await Assert.ThrowsAsync<SealerException>(() => RunAsync(new Api(Waiting) { Workloads = new Queue<string?>([""]) }, 0));
        Assert.Contains("it is not there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_somebody_has_changed_meanwhile_is_not_taken_for_it() =>
        Assert.Equal("AppNotLaunched", (await Assert.ThrowsAsync<SealerException>(() => RunAsync(new Api("sha256:2")))).Id);

    private sealed class Api(string record) : IHost
    {
        public string Name => "10.0.0.1";

        public string Record { get; private set; } = record;

        public Queue<string?> Workloads { get; init; } = [];

        public string Pods { get; init; } = "{\"items\": []}";

        public string Events { get; init; } = "{\"items\": []}";

        public string Logs { get; init; } = "";

        public string Asked { get; private set; } = "";

        public Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
        {
            Asked += command.Script + "\n";
            if (Regex.Match(command.Script, "patch configmap .* -p '(.*)' -o name") is { Success: true } patch)
                return Answer(Record = $"{JsonNode.Parse(patch.Groups[1].Value)!["data"]!["site"]}");
            if (command.Script.Contains("get configmap", StringComparison.Ordinal))
                return Answer(new JsonObject { ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = "sealer-applications" }, ["data"] = new JsonObject { ["site"] = Record } }.ToJsonString());
            if (command.Script.Contains("get events", StringComparison.Ordinal))
                return Answer($"{Events}\nsealer-part\n{Logs}");
            if (command.Script.Contains("get pods -l ", StringComparison.Ordinal))
                return Answer(Pods);
            return Workloads.Dequeue() is { } said ? Answer(said) : Task.FromResult(new HostCommandResult(Name, 1, "", "refused", false));
        }

        public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private Task<HostCommandResult> Answer(string text) => Task.FromResult(new HostCommandResult(Name, 0, text, "", false));
    }
}
