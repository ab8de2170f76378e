using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Building;
using Sealer.Images.Copying;
using Sealer.Images.Storage;
using Sealer.Registries;

namespace Sealer.Tests;

/// <summary>Run as a program: what tests want done by another process, mostly so that they can kill it.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            // An archive from standard input into a store.
            case ["import", var store]:
                await ArchiveImport.ImportAsync(Console.OpenStandardInput(), "import", ImageStore.Open(store), new(), null, default);
                return 0;

            // An archive into a store, under many names.
            case ["import", var store, var archive, var names]:
                var opened = ImageStore.Open(store);
                var image = (await ArchiveImport.ImportAsync(archive, opened, new(), null, default))[0];
                for (var i = 0; i < 10; i++)
                    await opened.TagAsync(ImageReference.Parse($"{names}:v{i}"), image.Descriptor, default);
                return 0;

            // Holds a lease until standard input ends.
            case ["lease", var store]:
                using (ImageStore.Open(store).Lease())
                {
                    Console.WriteLine("held");
                    await Console.In.ReadToEndAsync();
                }

                return 0;

            // A file as a blob; asks for it aloud, and gives so many bytes of it when it is told to go on.
            case ["put", var store, var file, var bytes]:
                var content = File.ReadAllBytes(file);
                await ImageStore.Open(store).PutAsync(
                    Descriptor.Of(MediaType.OciLayer, content),
                    async (offset, token) =>
                    {
                        Console.WriteLine($"asks for {offset}");
                        await Console.In.ReadLineAsync(token);
                        return new StallingStream(content[(int)offset..], int.Parse(bytes));
                    },
                    null,
                    default);
                Console.WriteLine("done");
                return 0;

            // Many small blobs; tells how many were asked for.
            case ["put-many", var store, var count]:
                var asked = 0;
                for (var i = 0; i < int.Parse(count); i++)
                {
                    var blob = BitConverter.GetBytes(i);
                    await ImageStore.Open(store).PutAsync(
                        Descriptor.Of(MediaType.OciLayer, blob),
                        (_, _) =>
                        {
                            asked++;
                            return Task.FromResult<Stream>(new MemoryStream(blob));
                        },
                        null,
                        default);
                }

                Console.WriteLine(asked);
                return 0;

            // An image from a registry on loopback.
            case ["pull", var store, var name]:
                var reference = ImageReference.Parse(name);
                using (var client = new RegistryClient(new RegistryOptions { PlainHttp = [reference.Domain], CertificateFolders = [] }))
                {
                    var repository = client.Repository(reference);
                    var root = await repository.ResolveAsync(reference, default);
                    await ImageCopier.CopyAsync(repository, root!, ImageStore.Open(store), new CopyOptions { Parallelism = 1 }, null, default);
                }

                return 0;

            // Builds a folder under a name.
            case ["build", var store, var context]:
                await new ClusterImageBuilder(ImageStore.Open(store), _ => throw new NotSupportedException(), null).BuildAsync(
                    new BuildOptions { ContextFolder = context, Tags = [ImageReference.Parse(Path.GetFileName(context) + ":v1")] }, default);
                return 0;

            // Builds a folder, and stops in the middle of a layer until it is killed.
            case ["build", var store, var context, var item]:
                var options = new BuildOptions { ContextFolder = context, Tags = [ImageReference.Parse("test:v1")] };
                await new ClusterImageBuilder(ImageStore.Open(store), _ => throw new NotSupportedException(), new StopAt(item)).BuildAsync(options, default);
                return 0;
            // Asks a registry; says the error's identifier.
            case ["ping", var domain]:
                try
                {
                    using var client = new RegistryClient(new RegistryOptions { CertificateFolders = [], Retry = RetryPolicy.None });
                    await client.PingAsync(domain, default);
                }
                catch (RegistryException e)
                {
                    Console.WriteLine(e.Id);
                }

                return 0;

            // Carries out the plan of a cluster of folders, and dies in the middle of it.
            case ["carry-out", var folder, var when, var count]:
                return await Delivery.DyingController.RunAsync(folder, when, int.Parse(count));

            // Carries out the plan of a cluster of real hosts, and dies in the middle of it.
            case ["deliver-and-die", var folder, var images, var place, var number]:
                return await Delivery.UnhappyDays.DyingDelivery.RunAsync(folder, images, place, int.Parse(number));

            // Delivers a real Kubernetes; somebody kills it meanwhile.
            case ["deliver-kubernetes", var clusterfile, var images, var name, var home]:
                return await Delivery.Kubernetes.LabKubernetes.DeliverAsync(clusterfile, images, name, home);

            // Makes a lab, and stops for ever at the one of its steps that has this number.
            case ["lab", var name, var step]:
                await Sealer.Labs.ClusterLab.CreateAsync(new() { Name = name, Count = 2 }, new StopAtStep(int.Parse(step)), default);
                return 0;

            // Removes a lab.
            case ["remove-lab", var name]:
                await Sealer.Labs.ClusterLab.Find(name).RemoveAsync();
                return 0;
            default:
                return 2;
        }
    }

    /// <summary>Gives so many bytes, and then nothing more for ever.</summary>
    private sealed class StallingStream(byte[] content, int bytes) : MemoryStream(content)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position >= bytes && bytes < Length)
                await Task.Delay(Timeout.Infinite, cancellationToken);
            return Read(buffer.Span[..(int)Math.Min(buffer.Length, Math.Max(1, bytes - Position))]);
        }
    }

    private sealed class StopAtStep(int step) : IProgress<SealerEvent>
    {
        private int _seen;

        public void Report(SealerEvent value)
        {
            if (value is not DetailEvent || Interlocked.Increment(ref _seen) != step)
                return;
            Console.WriteLine("in the middle");
            Thread.Sleep(Timeout.Infinite);
        }
    }

    private sealed class StopAt(string item) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            if (value is not ProgressEvent progress || progress.Item != item)
                return;
            Console.WriteLine("in the middle");
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
