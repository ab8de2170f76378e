using Sealer.Help;

// Writes Sealer.psd1, en-US/Sealer.PowerShell.dll-Help.xml, Sealer.PublicTypes.txt and the package's tags. What is missing is
// told as MSBuild errors: the build shows them and stops.
if (args.Length != 5)
{
    Console.Error.WriteLine("Sealer.Help CMDLETS.dll REFERENCES.txt MANIFEST.psd1 VERSION OUTPUT");
    return 2;
}

var (assembly, references, manifest, version, output) = (args[0], File.ReadAllLines(args[1]), args[2], args[3], args[4]);
var problems = new List<string>();
using var module = ModuleAssembly.Load(assembly, references);
var docs = Documentation.Load([assembly, .. references.Where(path => Path.GetFileName(path).StartsWith("Sealer", StringComparison.Ordinal))]);
var cmdlets = module.ReadCmdlets();

Directory.CreateDirectory(Path.Combine(output, "en-US"));
var help = new HelpDocument(docs, cmdlets, problems).Write();
var psd1 = Manifest.Complete(File.ReadAllText(manifest), version, [.. cmdlets.Select(cmdlet => cmdlet.Name)], problems);
var types = module.PublicTypes(cmdlets, problems);

foreach (var problem in problems)
    Console.Error.WriteLine($"Sealer.Help : error SEALER001: {problem}");
if (problems.Count > 0)
    return 1;
help.Save(Path.Combine(output, "en-US", Path.GetFileName(assembly) + "-Help.xml"));
File.WriteAllText(Path.Combine(output, "Sealer.psd1"), psd1);
File.WriteAllLines(Path.Combine(output, "Sealer.PublicTypes.txt"), types);
File.WriteAllLines(Path.Combine(output, "Tags.txt"), ["PSIncludes_Cmdlet", .. cmdlets.SelectMany(c => new[] { "PSCmdlet_" + c.Name, "PSCommand_" + c.Name })]);
return 0;
